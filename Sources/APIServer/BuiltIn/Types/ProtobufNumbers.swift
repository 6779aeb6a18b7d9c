/// The field numbers of the built-in types in Kubernetes' binary encoding, as its `generated.proto` files state
/// them: of those types that clients send in that form (kubectl does, when it makes objects of built-in kinds).
let protobufNumbers = """
    ObjectMeta name=1 generateName=2 namespace=3 selfLink=4 uid=5 resourceVersion=6 generation=7 creationTimestamp=8 deletionTimestamp=9 deletionGracePeriodSeconds=10 labels=11 annotations=12 ownerReferences=13 finalizers=14 managedFields=17
    OwnerReference kind=1 name=3 uid=4 apiVersion=5 controller=6 blockOwnerDeletion=7
    ManagedFieldsEntry manager=1 operation=2 apiVersion=3 time=4 fieldsType=6 fieldsV1=7 subresource=8
    ConfigMap metadata=1 data=2 binaryData=3 immutable=4
    Secret metadata=1 data=2 type=3 stringData=4 immutable=5
    Namespace metadata=1 spec=2 status=3
    NamespaceSpec finalizers=1
    NamespaceStatus phase=1 conditions=2
    NamespaceCondition type=1 status=2 lastTransitionTime=4 reason=5 message=6
    ServiceAccount metadata=1 secrets=2 imagePullSecrets=3 automountServiceAccountToken=4
    LocalObjectReference name=1
    ObjectReference kind=1 namespace=2 name=3 uid=4 apiVersion=5 resourceVersion=6 fieldPath=7
    Event metadata=1 involvedObject=2 reason=3 message=4 source=5 firstTimestamp=6 lastTimestamp=7 count=8 type=9 eventTime=10 series=11 action=12 related=13 reportingComponent=14 reportingInstance=15
    EventSource component=1 host=2
    EventSeries count=1 lastObservedTime=2
    EventsEvent metadata=1 eventTime=2 series=3 reportingController=4 reportingInstance=5 action=6 reason=7 regarding=8 related=9 note=10 type=11 deprecatedSource=12 deprecatedFirstTimestamp=13 deprecatedLastTimestamp=14 deprecatedCount=15
    EventsEventSeries count=1 lastObservedTime=2
    Lease metadata=1 spec=2
    LeaseSpec holderIdentity=1 leaseDurationSeconds=2 acquireTime=3 renewTime=4 leaseTransitions=5 strategy=6 preferredHolder=7
    ControllerRevision metadata=1 data=2 revision=3
    Node metadata=1 spec=2 status=3
    NodeSpec podCIDR=1 externalID=2 providerID=3 unschedulable=4 taints=5 podCIDRs=7
    Taint key=1 value=2 effect=3 timeAdded=4
    NodeStatus capacity=1 allocatable=2 phase=3 conditions=4 addresses=5 daemonEndpoints=6 nodeInfo=7 images=8
    NodeCondition type=1 status=2 lastHeartbeatTime=3 lastTransitionTime=4 reason=5 message=6
    NodeAddress type=1 address=2
    NodeDaemonEndpoints kubeletEndpoint=1
    DaemonEndpoint Port=1
    ContainerImage names=1 sizeBytes=2
    NodeSystemInfo machineID=1 systemUUID=2 bootID=3 kernelVersion=4 osImage=5 containerRuntimeVersion=6 kubeletVersion=7 kubeProxyVersion=8 operatingSystem=9 architecture=10
    Pod metadata=1 spec=2 status=3
    PodSpec volumes=1 containers=2 restartPolicy=3 terminationGracePeriodSeconds=4 activeDeadlineSeconds=5 dnsPolicy=6 nodeSelector=7 serviceAccountName=8 serviceAccount=9 nodeName=10 hostNetwork=11 hostPID=12 hostIPC=13 securityContext=14 imagePullSecrets=15 hostname=16 subdomain=17 schedulerName=19 initContainers=20 automountServiceAccountToken=21 tolerations=22 hostAliases=23 priorityClassName=24 priority=25 shareProcessNamespace=27 readinessGates=28 runtimeClassName=29 enableServiceLinks=30 preemptionPolicy=31 overhead=32 topologySpreadConstraints=33 ephemeralContainers=34 setHostnameAsFQDN=35 hostUsers=37 schedulingGates=38
    PodSecurityContext runAsUser=2 runAsNonRoot=3 supplementalGroups=4 fsGroup=5 runAsGroup=6 fsGroupChangePolicy=9
    Container name=1 image=2 command=3 args=4 workingDir=5 ports=6 env=7 resources=8 volumeMounts=9 livenessProbe=10 readinessProbe=11 lifecycle=12 terminationMessagePath=13 imagePullPolicy=14 stdin=16 stdinOnce=17 tty=18 envFrom=19 terminationMessagePolicy=20 volumeDevices=21 startupProbe=22 restartPolicy=24
    ContainerPort name=1 hostPort=2 containerPort=3 protocol=4 hostIP=5
    EnvVar name=1 value=2 valueFrom=3
    EnvVarSource fieldRef=1 configMapKeyRef=3 secretKeyRef=4
    ObjectFieldSelector apiVersion=1 fieldPath=2
    EnvFromSource prefix=1 configMapRef=2 secretRef=3
    ResourceRequirements limits=1 requests=2 claims=3
    ResourceClaim name=1 request=2
    VolumeMount name=1 readOnly=2 mountPath=3 subPath=4 mountPropagation=5 subPathExpr=6 recursiveReadOnly=7
    VolumeDevice name=1 devicePath=2
    Toleration key=1 operator=2 value=3 effect=4 tolerationSeconds=5
    HostAlias ip=1 hostnames=2
    PodReadinessGate conditionType=1
    PodSchedulingGate name=1
    Lifecycle postStart=1 preStop=2
    LifecycleHandler exec=1 httpGet=2 tcpSocket=3 sleep=4
    ExecAction command=1
    HTTPGetAction path=1 port=2 host=3 scheme=4 httpHeaders=5
    HTTPHeader name=1 value=2
    TCPSocketAction port=1 host=2
    SleepAction seconds=1
    DeleteOptions gracePeriodSeconds=1 preconditions=2 orphanDependents=3 propagationPolicy=4 dryRun=5
    Preconditions uid=1 resourceVersion=2
    Scale metadata=1 spec=2 status=3
    ScaleSpec replicas=1
    ScaleStatus replicas=1 selector=2
    SelfSubjectAccessReview metadata=1 spec=2
    SelfSubjectAccessReviewSpec resourceAttributes=1 nonResourceAttributes=2
    ResourceAttributes namespace=1 verb=2 group=3 version=4 resource=5 subresource=6 name=7
    NonResourceAttributes path=1 verb=2
    SelfSubjectRulesReview metadata=1 spec=2
    SelfSubjectRulesReviewSpec namespace=1
    SelfSubjectReview metadata=1
    SubjectAccessReview metadata=1 spec=2
    SubjectAccessReviewSpec resourceAttributes=1 nonResourceAttributes=2 user=3 groups=4 uid=6
    LocalSubjectAccessReview metadata=1 spec=2
    TokenReview metadata=1 spec=2
    TokenReviewSpec token=1 audiences=2
    Role metadata=1 rules=2
    ClusterRole metadata=1 rules=2 aggregationRule=3
    AggregationRule clusterRoleSelectors=1
    LabelSelector matchLabels=1 matchExpressions=2
    LabelSelectorRequirement key=1 operator=2 values=3
    PolicyRule verbs=1 apiGroups=2 resources=3 resourceNames=4 nonResourceURLs=5
    RoleBinding metadata=1 subjects=2 roleRef=3
    ClusterRoleBinding metadata=1 subjects=2 roleRef=3
    Subject kind=1 apiGroup=2 name=3 namespace=4
    RoleRef apiGroup=1 kind=2 name=3
    """

/// Types that only ever come in requests.
let requestTypes = """
    package io.k8s.apimachinery.pkg.apis.meta.v1
    DeleteOptions "DeleteOptions may be provided when deleting an API object."
      gracePeriodSeconds int64
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
