/// Pods: what is wanted of them and what they are.
let podTypes = """
    package io.k8s.api.core.v1
    Pod "Pod is a collection of containers that can run on a host."
      apiVersion string
      kind string
      metadata ObjectMeta
      spec PodSpec "Specification of the desired behavior of the pod."
      status PodStatus "Most recently observed status of the pod."
    PodTemplateSpec "PodTemplateSpec describes the data a pod should have when created from a template"
      metadata ObjectMeta
      spec PodSpec
    PodSpec "PodSpec is a description of a pod."
      activeDeadlineSeconds int64
      affinity Affinity
      automountServiceAccountToken bool
      containers! [Container] map:name merge:name "List of containers belonging to the pod."
      dnsConfig PodDNSConfig
      dnsPolicy string
      enableServiceLinks bool
      ephemeralContainers [EphemeralContainer] map:name merge:name
      hostAliases [HostAlias] map:ip merge:ip
      hostIPC bool
      hostNetwork bool
      hostPID bool
      hostUsers bool
      hostname string
      hostnameOverride string keep
      imagePullSecrets [LocalObjectReference] map:name merge:name
      initContainers [Container] map:name merge:name
      nodeName string
      nodeSelector {string} atomic
      os PodOS
      overhead {quantity}
      preemptionPolicy string keep
      priority int32
      priorityClassName string
      readinessGates [PodReadinessGate] atomic
      resourceClaims [PodResourceClaim] map:name merge:name strategy:merge,retainKeys
      resources ResourceRequirements
      restartPolicy string
      runtimeClassName string keep
      schedulerName string
      schedulingGates [PodSchedulingGate] map:name merge:name
      schedulingGroup PodSchedulingGroup
      securityContext PodSecurityContext
      serviceAccount string
      serviceAccountName string
      setHostnameAsFQDN bool
      shareProcessNamespace bool
      subdomain string
      terminationGracePeriodSeconds int64
      tolerations [Toleration] atomic
      topologySpreadConstraints [TopologySpreadConstraint] map:topologyKey,whenUnsatisfiable merge:topologyKey
      volumes [Volume] map:name merge:name strategy:merge,retainKeys
    HostAlias "HostAlias holds the mapping between IP and hostnames that will be injected as an entry in the pod's hosts file."
      hostnames [string] atomic
      ip! string
    PodReadinessGate "PodReadinessGate contains the reference to a pod condition"
      conditionType! string
    PodSchedulingGate "PodSchedulingGate is associated to a Pod to guard its scheduling."
      name! string
    PodSchedulingGroup
      podGroupName string keep
    PodResourceClaim
      name! string
      resourceClaimName string keep
      resourceClaimTemplateName string keep
    PodOS
      name! string
    PodDNSConfig
      nameservers [string] atomic
      options [PodDNSConfigOption] atomic
      searches [string] atomic
    PodDNSConfigOption
      name string
      value string keep
    Toleration "The pod this Toleration is attached to tolerates any taint that matches."
      effect string
      key string
      operator string
      tolerationSeconds int64
      value string
    TopologySpreadConstraint "TopologySpreadConstraint specifies how to spread matching pods among the given topology."
      labelSelector LabelSelector
      matchLabelKeys [string] atomic
      maxSkew! int32
      minDomains int32
      nodeAffinityPolicy string keep
      nodeTaintsPolicy string keep
      topologyKey! string
      whenUnsatisfiable! string
    PodSecurityContext "PodSecurityContext holds pod-level security attributes and common container settings."
      appArmorProfile AppArmorProfile
      fsGroup int64
      fsGroupChangePolicy string keep
      runAsGroup int64
      runAsNonRoot bool
      runAsUser int64
      seLinuxChangePolicy string keep
      seLinuxOptions SELinuxOptions
      seccompProfile SeccompProfile
      supplementalGroups [int64] atomic
      supplementalGroupsPolicy string keep
      sysctls [Sysctl] atomic
      windowsOptions WindowsSecurityContextOptions
    Sysctl
      name! string
      value! string
    Affinity
      nodeAffinity NodeAffinity
      podAffinity PodAffinity
      podAntiAffinity PodAntiAffinity
    NodeAffinity
      preferredDuringSchedulingIgnoredDuringExecution [PreferredSchedulingTerm] atomic
      requiredDuringSchedulingIgnoredDuringExecution NodeSelector
    NodeSelector atomic
      nodeSelectorTerms! [NodeSelectorTerm] atomic
    NodeSelectorTerm atomic
      matchExpressions [NodeSelectorRequirement] atomic
      matchFields [NodeSelectorRequirement] atomic
    NodeSelectorRequirement
      key! string
      operator! string
      values [string] atomic
    PreferredSchedulingTerm
      preference! NodeSelectorTerm
      weight! int32
    PodAffinity
      preferredDuringSchedulingIgnoredDuringExecution [WeightedPodAffinityTerm] atomic
      requiredDuringSchedulingIgnoredDuringExecution [PodAffinityTerm] atomic
    PodAntiAffinity
      preferredDuringSchedulingIgnoredDuringExecution [WeightedPodAffinityTerm] atomic
      requiredDuringSchedulingIgnoredDuringExecution [PodAffinityTerm] atomic
    PodAffinityTerm
      labelSelector LabelSelector
      matchLabelKeys [string] atomic
      mismatchLabelKeys [string] atomic
      namespaceSelector LabelSelector
      namespaces [string] atomic
      topologyKey! string
    WeightedPodAffinityTerm
      podAffinityTerm! PodAffinityTerm
      weight! int32
    PodStatus "PodStatus represents information about the status of a pod."
      allocatedResources {quantity}
      conditions [PodCondition] map:type merge:type
      containerStatuses [ContainerStatus] atomic
      ephemeralContainerStatuses [ContainerStatus] atomic
      extendedResourceClaimStatus PodExtendedResourceClaimStatus
      hostIP string
      hostIPs [HostIP] atomic merge:ip
      initContainerStatuses [ContainerStatus] atomic
      message string
      nodeAllocatableResourceClaimStatuses [NodeAllocatableResourceClaimStatus] atomic
      nominatedNodeName string
      observedGeneration int64
      phase string
      podIP string
      podIPs [PodIP] map:ip merge:ip
      qosClass string
      reason string
      resize string
      resourceClaimStatuses [PodResourceClaimStatus] map:name merge:name strategy:merge,retainKeys
      resources ResourceRequirements
      startTime time
    HostIP "HostIP represents a single IP address allocated to the host."
      ip! string
    PodIP "PodIP represents a single IP address allocated to the pod."
      ip! string
    PodCondition "PodCondition contains details for the current condition of this pod."
      lastProbeTime time
      lastTransitionTime time
      message string
      observedGeneration int64
      reason string
      status! string
      type! string
    ContainerStatus "ContainerStatus contains details for the current status of this container."
      allocatedResources {quantity}
      allocatedResourcesStatus [ResourceStatus] map:name merge:name
      containerID string
      image! string
      imageID! string
      lastState ContainerState
      name! string
      ready! bool
      resources ResourceRequirements
      restartCount! int32
      started bool
      state ContainerState
      stopSignal string keep
      user ContainerUser
      volumeMounts [VolumeMountStatus] map:mountPath merge:mountPath
    ContainerState "ContainerState holds a possible state of container."
      running ContainerStateRunning
      terminated ContainerStateTerminated
      waiting ContainerStateWaiting
    ContainerStateRunning "ContainerStateRunning is a running state of a container."
      startedAt time
    ContainerStateTerminated "ContainerStateTerminated is a terminated state of a container."
      containerID string
      exitCode! int32
      finishedAt time
      message string
      reason string
      signal int32
      startedAt time
    ContainerStateWaiting "ContainerStateWaiting is a waiting state of a container."
      message string
      reason string
    ContainerUser
      linux LinuxContainerUser
    LinuxContainerUser
      gid! int64
      supplementalGroups [int64] atomic
      uid! int64
    VolumeMountStatus
      mountPath! string
      name! string
      readOnly bool
      recursiveReadOnly string keep
      volumeStatus VolumeStatus
    VolumeStatus
      image ImageVolumeStatus
    ImageVolumeStatus
      imageRef string
    ResourceStatus
      name! string
      resources [ResourceHealth] map:resourceID
    ResourceHealth
      health string
      message string keep
      resourceID! string
    PodResourceClaimStatus
      name! string
      resourceClaimName string keep
    PodExtendedResourceClaimStatus
      requestMappings! [ContainerExtendedResourceRequest] atomic
      resourceClaimName! string
    ContainerExtendedResourceRequest
      containerName! string
      requestName! string
      resourceName! string
    NodeAllocatableResourceClaimStatus
      containers [string] set
      resourceClaimName! string
      resources {quantity}
    """
