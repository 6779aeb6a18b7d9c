/// The field numbers of the built-in types in Kubernetes' binary encoding, as its `generated.proto` files state
/// them: of those types that clients send in that form (kubectl does, when it makes objects of built-in kinds).
let protobufNumbers = """
    ObjectMeta name=1- generateName=2- namespace=3- selfLink=4- uid=5- resourceVersion=6- generation=7- \
        creationTimestamp=8 deletionTimestamp=9 deletionGracePeriodSeconds=10 labels=11 annotations=12 \
        ownerReferences=13 finalizers=14 managedFields=17
    OwnerReference kind=1 name=3 uid=4 apiVersion=5 controller=6 blockOwnerDeletion=7
    ManagedFieldsEntry manager=1- operation=2- apiVersion=3- time=4 fieldsType=6- fieldsV1=7 subresource=8-
    ConfigMap metadata=1 data=2 binaryData=3 immutable=4
    Secret metadata=1 data=2 type=3- stringData=4 immutable=5
    Namespace metadata=1 spec=2 status=3
    NamespaceSpec finalizers=1
    NamespaceStatus phase=1- conditions=2
    NamespaceCondition type=1 status=2 lastTransitionTime=4 reason=5- message=6-
    ServiceAccount metadata=1 secrets=2 imagePullSecrets=3 automountServiceAccountToken=4
    LocalObjectReference name=1-
    ObjectReference kind=1- namespace=2- name=3- uid=4- apiVersion=5- resourceVersion=6- fieldPath=7-
    Event metadata=1 involvedObject=2 reason=3- message=4- source=5 firstTimestamp=6 lastTimestamp=7 count=8- type=9- \
        eventTime=10 series=11 action=12- related=13 reportingComponent=14 reportingInstance=15
    EventSource component=1- host=2-
    EventSeries count=1- lastObservedTime=2
    EventsEvent metadata=1 eventTime=2 series=3 reportingController=4- reportingInstance=5- action=6- reason=7- \
        regarding=8 related=9 note=10- type=11- deprecatedSource=12 deprecatedFirstTimestamp=13 \
        deprecatedLastTimestamp=14 deprecatedCount=15-
    EventsEventSeries count=1 lastObservedTime=2
    Lease metadata=1 spec=2
    LeaseSpec holderIdentity=1 leaseDurationSeconds=2 acquireTime=3 renewTime=4 leaseTransitions=5 strategy=6 \
        preferredHolder=7
    ControllerRevision metadata=1 data=2 revision=3
    Node metadata=1 spec=2 status=3
    NodeSpec podCIDR=1- externalID=2- providerID=3- unschedulable=4- taints=5 configSource=6 podCIDRs=7
    Taint key=1 value=2- effect=3 timeAdded=4
    NodeStatus capacity=1 allocatable=2 phase=3- conditions=4 addresses=5 daemonEndpoints=6 nodeInfo=7 images=8 \
        volumesInUse=9 volumesAttached=10 config=11 runtimeHandlers=12 features=13 declaredFeatures=14
    NodeCondition type=1 status=2 lastHeartbeatTime=3 lastTransitionTime=4 reason=5- message=6-
    NodeAddress type=1 address=2
    NodeDaemonEndpoints kubeletEndpoint=1
    DaemonEndpoint Port=1
    ContainerImage names=1 sizeBytes=2-
    NodeSystemInfo machineID=1 systemUUID=2 bootID=3 kernelVersion=4 osImage=5 containerRuntimeVersion=6 \
        kubeletVersion=7 kubeProxyVersion=8 operatingSystem=9 architecture=10 swap=11
    Pod metadata=1 spec=2 status=3
    PodSpec volumes=1 containers=2 restartPolicy=3- terminationGracePeriodSeconds=4 activeDeadlineSeconds=5 \
        dnsPolicy=6- nodeSelector=7 serviceAccountName=8- serviceAccount=9- nodeName=10- hostNetwork=11- hostPID=12- \
        hostIPC=13- securityContext=14 imagePullSecrets=15 hostname=16- subdomain=17- affinity=18 schedulerName=19- \
        initContainers=20 automountServiceAccountToken=21 tolerations=22 hostAliases=23 priorityClassName=24- \
        priority=25 dnsConfig=26 shareProcessNamespace=27 readinessGates=28 runtimeClassName=29 enableServiceLinks=30 \
        preemptionPolicy=31 overhead=32 topologySpreadConstraints=33 ephemeralContainers=34 setHostnameAsFQDN=35 os=36 \
        hostUsers=37 schedulingGates=38 resourceClaims=39 resources=40 hostnameOverride=41 schedulingGroup=43
    PodSecurityContext seLinuxOptions=1 runAsUser=2 runAsNonRoot=3 supplementalGroups=4 fsGroup=5 runAsGroup=6 \
        sysctls=7 windowsOptions=8 fsGroupChangePolicy=9 seccompProfile=10 appArmorProfile=11 \
        supplementalGroupsPolicy=12 seLinuxChangePolicy=13
    Container name=1 image=2- command=3 args=4 workingDir=5- ports=6 env=7 resources=8 volumeMounts=9 livenessProbe=10 \
        readinessProbe=11 lifecycle=12 terminationMessagePath=13- imagePullPolicy=14- securityContext=15 stdin=16- \
        stdinOnce=17- tty=18- envFrom=19 terminationMessagePolicy=20- volumeDevices=21 startupProbe=22 resizePolicy=23 \
        restartPolicy=24 restartPolicyRules=25
    ContainerPort name=1- hostPort=2- containerPort=3 protocol=4- hostIP=5-
    EnvVar name=1 value=2- valueFrom=3
    EnvVarSource fieldRef=1 resourceFieldRef=2 configMapKeyRef=3 secretKeyRef=4 fileKeyRef=5
    ObjectFieldSelector apiVersion=1- fieldPath=2
    EnvFromSource prefix=1- configMapRef=2 secretRef=3
    ResourceRequirements limits=1 requests=2 claims=3
    ResourceClaim name=1 request=2-
    VolumeMount name=1 readOnly=2- mountPath=3 subPath=4- mountPropagation=5 subPathExpr=6- recursiveReadOnly=7
    VolumeDevice name=1 devicePath=2
    Toleration key=1- operator=2- value=3- effect=4- tolerationSeconds=5
    HostAlias ip=1 hostnames=2
    PodReadinessGate conditionType=1
    PodSchedulingGate name=1
    Lifecycle postStart=1 preStop=2 stopSignal=3
    LifecycleHandler exec=1 httpGet=2 tcpSocket=3 sleep=4
    ExecAction command=1
    HTTPGetAction path=1- port=2 host=3- scheme=4- httpHeaders=5
    HTTPHeader name=1 value=2
    TCPSocketAction port=1 host=2-
    SleepAction seconds=1
    DeleteOptions gracePeriodSeconds=1 preconditions=2 orphanDependents=3 propagationPolicy=4 dryRun=5 \
        ignoreStoreReadErrorWithClusterBreakingPotential=6
    Preconditions uid=1 resourceVersion=2
    Scale metadata=1 spec=2 status=3
    ScaleSpec replicas=1-
    ScaleStatus replicas=1 selector=2-
    SelfSubjectAccessReview metadata=1 spec=2 status=3
    SelfSubjectAccessReviewSpec resourceAttributes=1 nonResourceAttributes=2
    ResourceAttributes namespace=1- verb=2- group=3- version=4- resource=5- subresource=6- name=7- fieldSelector=8 \
        labelSelector=9
    NonResourceAttributes path=1- verb=2-
    SelfSubjectRulesReview metadata=1 spec=2 status=3
    SelfSubjectRulesReviewSpec namespace=1-
    SelfSubjectReview metadata=1 status=2
    SubjectAccessReview metadata=1 spec=2 status=3
    SubjectAccessReviewSpec resourceAttributes=1 nonResourceAttributes=2 user=3- groups=4 extra=5 uid=6-
    LocalSubjectAccessReview metadata=1 spec=2 status=3
    TokenReview metadata=1 spec=2 status=3
    TokenReviewSpec token=1- audiences=2
    Role metadata=1 rules=2
    ClusterRole metadata=1 rules=2 aggregationRule=3
    AggregationRule clusterRoleSelectors=1
    LabelSelector matchLabels=1 matchExpressions=2
    LabelSelectorRequirement key=1 operator=2 values=3
    PolicyRule verbs=1 apiGroups=2 resources=3 resourceNames=4 nonResourceURLs=5
    RoleBinding metadata=1 subjects=2 roleRef=3
    ClusterRoleBinding metadata=1 subjects=2 roleRef=3
    Subject kind=1 apiGroup=2- name=3 namespace=4-
    RoleRef apiGroup=1 kind=2 name=3
    PodTemplateSpec metadata=1 spec=2
    PodTemplateSpec metadata=1 spec=2
    PodSchedulingGroup podGroupName=1
    PodResourceClaim name=1 resourceClaimName=3 resourceClaimTemplateName=4
    PodOS name=1
    PodDNSConfig nameservers=1 searches=2 options=3
    PodDNSConfigOption name=1- value=2
    TopologySpreadConstraint maxSkew=1 topologyKey=2 whenUnsatisfiable=3 labelSelector=4 minDomains=5 \
        nodeAffinityPolicy=6 nodeTaintsPolicy=7 matchLabelKeys=8
    Sysctl name=1 value=2
    Affinity nodeAffinity=1 podAffinity=2 podAntiAffinity=3
    NodeAffinity requiredDuringSchedulingIgnoredDuringExecution=1 preferredDuringSchedulingIgnoredDuringExecution=2
    NodeSelector nodeSelectorTerms=1
    NodeSelectorTerm matchExpressions=1 matchFields=2
    NodeSelectorRequirement key=1 operator=2 values=3
    PreferredSchedulingTerm weight=1 preference=2
    PodAffinity requiredDuringSchedulingIgnoredDuringExecution=1 preferredDuringSchedulingIgnoredDuringExecution=2
    PodAntiAffinity requiredDuringSchedulingIgnoredDuringExecution=1 preferredDuringSchedulingIgnoredDuringExecution=2
    PodAffinityTerm labelSelector=1 namespaces=2 topologyKey=3 namespaceSelector=4 matchLabelKeys=5 \
        mismatchLabelKeys=6
    WeightedPodAffinityTerm weight=1 podAffinityTerm=2
    PodStatus phase=1- conditions=2 message=3- reason=4- hostIP=5- podIP=6- startTime=7 containerStatuses=8 \
        qosClass=9- initContainerStatuses=10 nominatedNodeName=11- podIPs=12 ephemeralContainerStatuses=13 resize=14- \
        resourceClaimStatuses=15 hostIPs=16 observedGeneration=17- extendedResourceClaimStatus=18 \
        allocatedResources=19 resources=20 nodeAllocatableResourceClaimStatuses=21
    HostIP ip=1
    PodIP ip=1
    PodCondition type=1 status=2 lastProbeTime=3 lastTransitionTime=4 reason=5- message=6- observedGeneration=7-
    ContainerStatus name=1 state=2 lastState=3 ready=4 restartCount=5 image=6 imageID=7 containerID=8- started=9 \
        allocatedResources=10 resources=11 volumeMounts=12 user=13 allocatedResourcesStatus=14 stopSignal=15
    ContainerState waiting=1 running=2 terminated=3
    ContainerStateRunning startedAt=1
    ContainerStateTerminated exitCode=1 signal=2- reason=3- message=4- startedAt=5 finishedAt=6 containerID=7-
    ContainerStateWaiting reason=1- message=2-
    ContainerUser linux=1
    LinuxContainerUser uid=1 gid=2 supplementalGroups=3
    VolumeMountStatus name=1 mountPath=2 readOnly=3- recursiveReadOnly=4 volumeStatus=5
    VolumeStatus image=1
    ImageVolumeStatus imageRef=1-
    ResourceStatus name=1 resources=2
    ResourceHealth resourceID=1 health=2- message=6
    PodResourceClaimStatus name=1 resourceClaimName=2
    PodExtendedResourceClaimStatus requestMappings=1 resourceClaimName=2
    ContainerExtendedResourceRequest containerName=1 resourceName=2 requestName=3
    NodeAllocatableResourceClaimStatus resourceClaimName=1 containers=2 resources=3
    EphemeralContainer ^EphemeralContainerCommon=1 targetContainerName=2-
    ConfigMapKeySelector ^LocalObjectReference=1 key=2 optional=3
    SecretKeySelector ^LocalObjectReference=1 key=2 optional=3
    ResourceFieldSelector containerName=1- resource=2 divisor=3
    FileKeySelector volumeName=1 path=2 key=3 optional=4
    ConfigMapEnvSource ^LocalObjectReference=1 optional=2
    SecretEnvSource ^LocalObjectReference=1 optional=2
    ContainerResizePolicy resourceName=1 restartPolicy=2
    ContainerRestartRule action=1- exitCodes=2
    ContainerRestartRuleOnExitCodes operator=1- values=2
    SecurityContext capabilities=1 privileged=2 seLinuxOptions=3 runAsUser=4 runAsNonRoot=5 readOnlyRootFilesystem=6 \
        allowPrivilegeEscalation=7 runAsGroup=8 procMount=9 windowsOptions=10 seccompProfile=11 appArmorProfile=12
    Capabilities add=1 drop=2
    SELinuxOptions user=1- role=2- type=3- level=4-
    WindowsSecurityContextOptions gmsaCredentialSpecName=1 gmsaCredentialSpec=2 runAsUserName=3 hostProcess=4
    SeccompProfile type=1 localhostProfile=2
    AppArmorProfile type=1 localhostProfile=2
    GRPCAction port=1 service=2
    Probe ^ProbeHandler=1 initialDelaySeconds=2- timeoutSeconds=3- periodSeconds=4- successThreshold=5- \
        failureThreshold=6- terminationGracePeriodSeconds=7
    Volume name=1 ^VolumeSource=2
    ConfigMapVolumeSource ^LocalObjectReference=1 items=2 defaultMode=3 optional=4
    SecretVolumeSource secretName=1- items=2 defaultMode=3 optional=4
    KeyToPath key=1 path=2 mode=3
    DownwardAPIVolumeSource items=1 defaultMode=2
    DownwardAPIVolumeFile path=1 fieldRef=2 resourceFieldRef=3 mode=4
    EmptyDirVolumeSource medium=1- sizeLimit=2
    HostPathVolumeSource path=1 type=2
    ProjectedVolumeSource sources=1 defaultMode=2
    VolumeProjection secret=1 downwardAPI=2 configMap=3 serviceAccountToken=4 clusterTrustBundle=5 podCertificate=6
    SecretProjection ^LocalObjectReference=1 items=2 optional=4
    ConfigMapProjection ^LocalObjectReference=1 items=2 optional=4
    DownwardAPIProjection items=1
    ServiceAccountTokenProjection audience=1- expirationSeconds=2 path=3
    ClusterTrustBundleProjection name=1 signerName=2 labelSelector=3 path=4 optional=5
    PodCertificateProjection signerName=1- keyType=2- maxExpirationSeconds=3 credentialBundlePath=4- keyPath=5- \
        certificateChainPath=6- userAnnotations=7
    PersistentVolumeClaimVolumeSource claimName=1 readOnly=2-
    EphemeralVolumeSource volumeClaimTemplate=1
    PersistentVolumeClaimTemplate metadata=1 spec=2
    PersistentVolumeClaimSpec accessModes=1 resources=2 volumeName=3- selector=4 storageClassName=5 volumeMode=6 \
        dataSource=7 dataSourceRef=8 volumeAttributesClassName=9
    VolumeResourceRequirements limits=1 requests=2
    TypedLocalObjectReference apiGroup=1 kind=2 name=3
    TypedObjectReference apiGroup=1 kind=2 name=3 namespace=4
    ImageVolumeSource reference=1- pullPolicy=2-
    CSIVolumeSource driver=1 readOnly=2 fsType=3 volumeAttributes=4 nodePublishSecretRef=5
    NFSVolumeSource server=1 path=2 readOnly=3-
    ISCSIVolumeSource targetPortal=1 iqn=2 lun=3 iscsiInterface=4- fsType=5- readOnly=6- portals=7 \
        chapAuthDiscovery=8- secretRef=10 chapAuthSession=11- initiatorName=12
    FCVolumeSource targetWWNs=1 lun=2 fsType=3- readOnly=4- wwids=5
    GCEPersistentDiskVolumeSource pdName=1 fsType=2- partition=3- readOnly=4-
    AWSElasticBlockStoreVolumeSource volumeID=1 fsType=2- partition=3- readOnly=4-
    GitRepoVolumeSource repository=1 revision=2- directory=3-
    GlusterfsVolumeSource endpoints=1 path=2 readOnly=3-
    RBDVolumeSource monitors=1 image=2 fsType=3- pool=4- user=5- keyring=6- secretRef=7 readOnly=8-
    FlexVolumeSource driver=1 fsType=2- secretRef=3 readOnly=4- options=5
    CinderVolumeSource volumeID=1 fsType=2- readOnly=3- secretRef=4
    CephFSVolumeSource monitors=1 path=2- user=3- secretFile=4- secretRef=5 readOnly=6-
    FlockerVolumeSource datasetName=1- datasetUUID=2-
    AzureFileVolumeSource secretName=1 shareName=2 readOnly=3-
    AzureDiskVolumeSource diskName=1 diskURI=2 cachingMode=3 fsType=4 readOnly=5 kind=6
    VsphereVirtualDiskVolumeSource volumePath=1 fsType=2- storagePolicyName=3- storagePolicyID=4-
    QuobyteVolumeSource registry=1 volume=2 readOnly=3- user=4- group=5- tenant=6-
    PhotonPersistentDiskVolumeSource pdID=1 fsType=2-
    PortworxVolumeSource volumeID=1 fsType=2- readOnly=3-
    ScaleIOVolumeSource gateway=1 system=2 secretRef=3 sslEnabled=4- protectionDomain=5- storagePool=6- storageMode=7- \
        volumeName=8- fsType=9- readOnly=10-
    StorageOSVolumeSource volumeName=1- volumeNamespace=2- fsType=3- readOnly=4- secretRef=5
    NodeConfigSource configMap=2
    ConfigMapNodeConfigSource namespace=1 name=2 uid=3- resourceVersion=4- kubeletConfigKey=5
    NodeSwapStatus capacity=1
    AttachedVolume name=1 devicePath=2
    NodeConfigStatus assigned=1 active=2 lastKnownGood=3 error=4-
    NodeRuntimeHandler name=1 features=2
    NodeRuntimeHandlerFeatures recursiveReadOnlyMounts=1 userNamespaces=2
    NodeFeatures supplementalGroupsPolicy=1
    VolumeSource hostPath=1 emptyDir=2 gcePersistentDisk=3 awsElasticBlockStore=4 gitRepo=5 secret=6 nfs=7 iscsi=8 \
        glusterfs=9 persistentVolumeClaim=10 rbd=11 flexVolume=12 cinder=13 cephfs=14 flocker=15 downwardAPI=16 fc=17 \
        azureFile=18 configMap=19 vsphereVolume=20 quobyte=21 azureDisk=22 photonPersistentDisk=23 portworxVolume=24 \
        scaleIO=25 projected=26 storageos=27 csi=28 ephemeral=29 image=30
    ProbeHandler exec=1 httpGet=2 tcpSocket=3 grpc=4
    EphemeralContainerCommon name=1 image=2- command=3 args=4 workingDir=5- ports=6 env=7 resources=8 volumeMounts=9 \
        livenessProbe=10 readinessProbe=11 lifecycle=12 terminationMessagePath=13- imagePullPolicy=14- \
        securityContext=15 stdin=16- stdinOnce=17- tty=18- envFrom=19 terminationMessagePolicy=20- volumeDevices=21 \
        startupProbe=22 resizePolicy=23 restartPolicy=24 restartPolicyRules=25
    Binding metadata=1 target=2
    Condition type=1 status=2 observedGeneration=3- lastTransitionTime=4 reason=5 message=6
    PodDisruptionBudget metadata=1 spec=2 status=3
    PodDisruptionBudgetSpec minAvailable=1 selector=2 maxUnavailable=3 unhealthyPodEvictionPolicy=4
    PodDisruptionBudgetStatus observedGeneration=1- disruptedPods=2 disruptionsAllowed=3 currentHealthy=4 \
        desiredHealthy=5 expectedPods=6 conditions=7
    Eviction metadata=1 deleteOptions=2
    """

/// Types that only ever come in requests.
let requestTypes = """
    package io.k8s.apimachinery.pkg.apis.meta.v1
    DeleteOptions "DeleteOptions may be provided when deleting an API object."
      apiVersion string
      kind string
      gracePeriodSeconds int64
      ignoreStoreReadErrorWithClusterBreakingPotential bool
      preconditions Preconditions
      orphanDependents bool
      propagationPolicy string
      dryRun [string]
    Preconditions "Preconditions must be fulfilled before an operation (update, delete, etc.) is carried out."
      uid string
      resourceVersion string
    package io.k8s.api.autoscaling.v1
    Scale "Scale represents a scaling request for a resource."
      apiVersion string
      kind string
      metadata ObjectMeta
      spec ScaleSpec
      status ScaleStatus
    ScaleSpec "ScaleSpec describes the attributes of a scale subresource."
      replicas int32
    ScaleStatus "ScaleStatus represents the current status of a scale subresource."
      replicas! int32
      selector string
    package io.k8s.api.authorization.v1
    SelfSubjectAccessReview "SelfSubjectAccessReview checks whether or the current user can perform an action."
      metadata ObjectMeta
      spec SelfSubjectAccessReviewSpec
    SelfSubjectAccessReviewSpec "SelfSubjectAccessReviewSpec is a description of the access request."
      resourceAttributes ResourceAttributes
      nonResourceAttributes NonResourceAttributes
    ResourceAttributes "ResourceAttributes includes the authorization attributes available for resource requests."
      namespace string
      verb string
      group string
      version string
      resource string
      subresource string
      name string
    NonResourceAttributes "NonResourceAttributes includes the authorization attributes available for non-resource requests."
      path string
      verb string
    SelfSubjectRulesReview "SelfSubjectRulesReview enumerates the set of actions the current user can perform within a namespace."
      metadata ObjectMeta
      spec SelfSubjectRulesReviewSpec
    SelfSubjectRulesReviewSpec "SelfSubjectRulesReviewSpec defines the specification for SelfSubjectRulesReview."
      namespace string
    SubjectAccessReview "SubjectAccessReview checks whether or not a user or group can perform an action."
      metadata ObjectMeta
      spec SubjectAccessReviewSpec
    SubjectAccessReviewSpec "SubjectAccessReviewSpec is a description of the access request."
      resourceAttributes ResourceAttributes
      nonResourceAttributes NonResourceAttributes
      user string
      groups [string]
      uid string
    LocalSubjectAccessReview "LocalSubjectAccessReview checks whether or not a user or group can perform an action in a given namespace."
      metadata ObjectMeta
      spec SubjectAccessReviewSpec
    package io.k8s.api.authentication.v1
    SelfSubjectReview "SelfSubjectReview contains the user information that the kube-apiserver has about the user making this request."
      metadata ObjectMeta
    TokenReview "TokenReview attempts to authenticate a token to a known user."
      metadata ObjectMeta
      spec TokenReviewSpec
    TokenReviewSpec "TokenReviewSpec is a description of the token authentication request."
      token string
      audiences [string]
    """
