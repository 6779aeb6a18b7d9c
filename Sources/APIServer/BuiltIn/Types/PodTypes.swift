/// Pods and their containers.
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
      affinity any
      automountServiceAccountToken bool
      containers! [Container] map:name merge:name keep "List of containers belonging to the pod."
      dnsConfig any
      dnsPolicy string
      enableServiceLinks bool
      ephemeralContainers [Container] map:name merge:name
      hostAliases [HostAlias] map:ip merge:ip
      hostIPC bool
      hostNetwork bool
      hostPID bool
      hostUsers bool
      hostname string
      hostnameOverride string
      imagePullSecrets [LocalObjectReference] map:name merge:name
      initContainers [Container] map:name merge:name
      nodeName string
      nodeSelector {string} atomic
      os any
      overhead {quantity}
      preemptionPolicy string
      priority int32
      priorityClassName string
      readinessGates [PodReadinessGate] atomic
      resourceClaims [any] atomic
      resources ResourceRequirements
      restartPolicy string
      runtimeClassName string
      schedulerName string
      schedulingGates [PodSchedulingGate] map:name merge:name
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
      nodeAffinityPolicy string
      nodeTaintsPolicy string
      topologyKey! string
      whenUnsatisfiable! string
    PodSecurityContext "PodSecurityContext holds pod-level security attributes and common container settings."
      appArmorProfile any
      fsGroup int64
      fsGroupChangePolicy string
      runAsGroup int64
      runAsNonRoot bool
      runAsUser int64
      seLinuxChangePolicy string
      seLinuxOptions any
      seccompProfile any
      supplementalGroups [int64] atomic
      supplementalGroupsPolicy string
      sysctls [any] atomic
      windowsOptions any
    Container "A single application container that you want to run within a pod."
      args [string] atomic "Arguments to the entrypoint."
      command [string] atomic "Entrypoint array."
      env [EnvVar] map:name merge:name "List of environment variables to set in the container."
      envFrom [EnvFromSource] atomic
      image string "Container image name."
      imagePullPolicy string
      lifecycle Lifecycle
      livenessProbe Probe
      name! string "Name of the container specified as a DNS_LABEL."
      ports [ContainerPort] map:containerPort,protocol merge:containerPort
      readinessProbe Probe
      resizePolicy [any] atomic
      resources ResourceRequirements
      restartPolicy string
      restartPolicyRules [any] atomic
      securityContext any
      startupProbe Probe
      stdin bool
      stdinOnce bool
      targetContainerName string
      terminationMessagePath string
      terminationMessagePolicy string
      tty bool
      volumeDevices [VolumeDevice] map:devicePath merge:devicePath
      volumeMounts [VolumeMount] map:mountPath merge:mountPath
      workingDir string
    EnvVar "EnvVar represents an environment variable present in a Container."
      name! string
      value string
      valueFrom EnvVarSource
    EnvVarSource "EnvVarSource represents a source for the value of an EnvVar."
      configMapKeyRef KeySelector
      fieldRef ObjectFieldSelector
      fileKeyRef any
      resourceFieldRef any
      secretKeyRef KeySelector
    KeySelector "Selects a key of a ConfigMap or a Secret."
      key! string
      name string
      optional bool
    ObjectFieldSelector "ObjectFieldSelector selects an APIVersioned field of an object."
      apiVersion string ="v1"
      fieldPath! string
    EnvFromSource "EnvFromSource represents the source of a set of ConfigMaps or Secrets"
      configMapRef EnvSource
      prefix string
      secretRef EnvSource
    EnvSource "Selects a ConfigMap or a Secret to populate the environment variables with."
      name string
      optional bool
    ContainerPort "ContainerPort represents a network port in a single container."
      containerPort! int32
      hostIP string
      hostPort int32
      name string
      protocol string ="TCP"
    ResourceRequirements "ResourceRequirements describes the compute resource requirements."
      claims [ResourceClaim] map:name
      limits {quantity}
      requests {quantity}
    ResourceClaim "ResourceClaim references one entry in PodSpec.ResourceClaims."
      name! string
      request string
    Lifecycle "Lifecycle describes actions that the management system should take in response to container lifecycle events."
      postStart LifecycleHandler
      preStop LifecycleHandler
      stopSignal string
    LifecycleHandler "LifecycleHandler defines a specific action that should be taken in a lifecycle hook."
      exec ExecAction
      httpGet HTTPGetAction
      sleep SleepAction
      tcpSocket TCPSocketAction
    ExecAction "ExecAction describes a \\"run in container\\" action."
      command [string] atomic
    HTTPGetAction "HTTPGetAction describes an action based on HTTP Get requests."
      host string
      httpHeaders [HTTPHeader] atomic
      path string
      port! intorstring
      scheme string
    HTTPHeader "HTTPHeader describes a custom header to be used in HTTP probes"
      name! string
      value! string
    SleepAction "SleepAction describes a \\"sleep\\" action."
      seconds! int64
    TCPSocketAction "TCPSocketAction describes an action based on opening a socket"
      host string
      port! intorstring
    GRPCAction "GRPCAction specifies an action involving a GRPC service."
      port! int32
      service string
    Probe "Probe describes a health check to be performed against a container to determine whether it is alive or ready to receive traffic."
      exec ExecAction
      failureThreshold int32
      grpc GRPCAction
      httpGet HTTPGetAction
      initialDelaySeconds int32
      periodSeconds int32
      successThreshold int32
      tcpSocket TCPSocketAction
      terminationGracePeriodSeconds int64
      timeoutSeconds int32
    PodStatus "PodStatus represents information about the status of a pod."
      allocatedResources {quantity}
      conditions [PodCondition] map:type merge:type
      containerStatuses [ContainerStatus] atomic
      ephemeralContainerStatuses [ContainerStatus] atomic
      extendedResourceClaimStatus any
      hostIP string
      hostIPs [HostIP] atomic merge:ip
      initContainerStatuses [ContainerStatus] atomic
      message string
      nominatedNodeName string
      observedGeneration int64
      phase string
      podIP string
      podIPs [PodIP] map:ip merge:ip
      qosClass string
      reason string
      resize string
      resourceClaimStatuses [any] atomic
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
      allocatedResourcesStatus [any] atomic
      containerID string
      image! string
      imageID! string keep
      lastState ContainerState
      name! string
      ready! bool
      resources ResourceRequirements
      restartCount! int32
      started bool
      state ContainerState
      stopSignal string
      user any
      volumeMounts [any] atomic
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
    """
