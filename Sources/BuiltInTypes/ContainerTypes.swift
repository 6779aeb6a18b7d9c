/// Containers of Pods.
let containerTypes = """
    package io.k8s.api.core.v1
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
      resizePolicy [ContainerResizePolicy] atomic
      resources ResourceRequirements
      restartPolicy string keep
      restartPolicyRules [ContainerRestartRule] atomic
      securityContext SecurityContext
      startupProbe Probe
      stdin bool
      stdinOnce bool
      terminationMessagePath string
      terminationMessagePolicy string
      tty bool
      volumeDevices [VolumeDevice] map:devicePath merge:devicePath
      volumeMounts [VolumeMount] map:mountPath merge:mountPath
      workingDir string
    EphemeralContainer
      args [string] atomic
      command [string] atomic
      env [EnvVar] map:name merge:name
      envFrom [EnvFromSource] atomic
      image string
      imagePullPolicy string
      lifecycle Lifecycle
      livenessProbe Probe
      name! string
      ports [ContainerPort] map:containerPort,protocol merge:containerPort
      readinessProbe Probe
      resizePolicy [ContainerResizePolicy] atomic
      resources ResourceRequirements
      restartPolicy string keep
      restartPolicyRules [ContainerRestartRule] atomic
      securityContext SecurityContext
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
      configMapKeyRef ConfigMapKeySelector
      fieldRef ObjectFieldSelector
      fileKeyRef FileKeySelector
      resourceFieldRef ResourceFieldSelector
      secretKeyRef SecretKeySelector
    ConfigMapKeySelector atomic
      key! string
      name string
      optional bool
    SecretKeySelector atomic
      key! string
      name string
      optional bool
    ObjectFieldSelector atomic "ObjectFieldSelector selects an APIVersioned field of an object."
      apiVersion string
      fieldPath! string
    ResourceFieldSelector atomic
      containerName string
      divisor quantity ="0"
      resource! string
    FileKeySelector atomic
      key! string
      optional bool
      path! string
      volumeName! string
    EnvFromSource "EnvFromSource represents the source of a set of ConfigMaps or Secrets"
      configMapRef ConfigMapEnvSource
      prefix string
      secretRef SecretEnvSource
    ConfigMapEnvSource
      name string
      optional bool
    SecretEnvSource
      name string
      optional bool
    ContainerPort "ContainerPort represents a network port in a single container."
      containerPort! int32
      hostIP string
      hostPort int32
      name string
      protocol string ="TCP"
    ContainerResizePolicy
      resourceName! string
      restartPolicy! string
    ContainerRestartRule
      action string
      exitCodes ContainerRestartRuleOnExitCodes
    ContainerRestartRuleOnExitCodes
      operator string
      values [int32] set
    ResourceRequirements "ResourceRequirements describes the compute resource requirements."
      claims [ResourceClaim] map:name
      limits {quantity}
      requests {quantity}
    ResourceClaim "ResourceClaim references one entry in PodSpec.ResourceClaims."
      name! string
      request string
    SecurityContext
      allowPrivilegeEscalation bool
      appArmorProfile AppArmorProfile
      capabilities Capabilities
      privileged bool
      procMount string keep
      readOnlyRootFilesystem bool
      runAsGroup int64
      runAsNonRoot bool
      runAsUser int64
      seLinuxOptions SELinuxOptions
      seccompProfile SeccompProfile
      windowsOptions WindowsSecurityContextOptions
    Capabilities
      add [string] atomic
      drop [string] atomic
    SELinuxOptions
      level string
      role string
      type string
      user string
    WindowsSecurityContextOptions
      gmsaCredentialSpec string keep
      gmsaCredentialSpecName string keep
      hostProcess bool
      runAsUserName string keep
    SeccompProfile
      localhostProfile string keep
      type! string
    AppArmorProfile
      localhostProfile string keep
      type! string
    Lifecycle "Lifecycle describes actions that the management system should take in response to container lifecycle events."
      postStart LifecycleHandler
      preStop LifecycleHandler
      stopSignal string keep
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
      service string keep
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
    """
