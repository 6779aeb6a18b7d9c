/// The small kinds of the core group.
let coreTypes = """
    package io.k8s.api.core.v1
    ConfigMap "ConfigMap holds configuration data for pods to consume."
      apiVersion string "APIVersion defines the versioned schema of this representation of an object."
      binaryData {bytes} "BinaryData contains the binary data."
      data {string} "Data contains the configuration data."
      immutable bool "Immutable, if set to true, ensures that data stored in the ConfigMap cannot be updated (only object metadata can be modified)."
      kind string "Kind is a string value representing the REST resource this object represents."
      metadata ObjectMeta "Standard object's metadata."
    Secret "Secret holds secret data of a certain type."
      apiVersion string
      data {bytes} "Data contains the secret data."
      immutable bool "Immutable, if set to true, ensures that data stored in the Secret cannot be updated (only object metadata can be modified)."
      kind string
      metadata ObjectMeta
      stringData {string} "stringData allows specifying non-binary secret data in string form."
      type string "Used to facilitate programmatic handling of secret data."
    Namespace "Namespace provides a scope for Names."
      apiVersion string
      kind string
      metadata ObjectMeta
      spec NamespaceSpec "Spec defines the behavior of the Namespace."
      status NamespaceStatus "Status describes the current status of a Namespace."
    NamespaceSpec "NamespaceSpec describes the attributes on a Namespace."
      finalizers [string] atomic
    NamespaceStatus "NamespaceStatus is information about the current status of a Namespace."
      conditions [NamespaceCondition] map:type merge:type
      phase string
    NamespaceCondition "NamespaceCondition contains details about state of namespace."
      lastTransitionTime time
      message string
      reason string
      status! string
      type! string
    ServiceAccount "ServiceAccount binds together a name, a principal that can be authenticated and authorized, and a set of secrets."
      apiVersion string
      automountServiceAccountToken bool
      imagePullSecrets [LocalObjectReference] atomic
      kind string
      metadata ObjectMeta
      secrets [ObjectReference] map:name merge:name
    LocalObjectReference atomic "LocalObjectReference contains enough information to let you locate the referenced object inside the same namespace."
      name string
    ObjectReference atomic "ObjectReference contains enough information to let you inspect or modify the referred object."
      apiVersion string
      fieldPath string
      kind string
      name string
      namespace string
      resourceVersion string
      uid string
    Binding "Binding ties one object to another; for example, a pod is bound to a node by a scheduler."
      apiVersion string
      kind string
      metadata ObjectMeta "Standard object's metadata."
      target! ObjectReference "The target object that you want to bind to the standard object."
    Event "Event is a report of an event somewhere in the cluster."
      action string
      apiVersion string
      count int32
      eventTime microtime
      firstTimestamp time
      involvedObject! ObjectReference
      kind string
      lastTimestamp time
      message string
      metadata! ObjectMeta
      reason string
      related ObjectReference
      reportingComponent string keep
      reportingInstance string keep
      series EventSeries
      source EventSource
      type string
    EventSeries "EventSeries contain information on series of events, i.e. thing that was/is happening continuously for some time."
      count int32
      lastObservedTime microtime
    EventSource "EventSource contains information for an event."
      component string
      host string
    Node "Node is a worker node in Kubernetes."
      apiVersion string
      kind string
      metadata ObjectMeta
      spec NodeSpec
      status NodeStatus
    NodeSpec "NodeSpec describes the attributes that a node is created with."
      configSource NodeConfigSource
      externalID string
      podCIDR string
      podCIDRs [string] set merge
      providerID string
      taints [Taint] atomic
      unschedulable bool
    Taint "The node this Taint is attached to has the effect on any pod that does not tolerate the Taint."
      effect! string
      key! string
      timeAdded time
      value string
    NodeStatus "NodeStatus is information about the current status of a node."
      addresses [NodeAddress] map:type merge:type
      allocatable {quantity}
      capacity {quantity}
      conditions [NodeCondition] map:type merge:type
      config NodeConfigStatus
      daemonEndpoints NodeDaemonEndpoints
      declaredFeatures [string] atomic
      features NodeFeatures
      images [ContainerImage] atomic
      nodeInfo NodeSystemInfo
      phase string
      runtimeHandlers [NodeRuntimeHandler] atomic
      volumesAttached [AttachedVolume] atomic
      volumesInUse [string] atomic
    NodeAddress "NodeAddress contains information for the node's address."
      address! string
      type! string
    NodeCondition "NodeCondition contains condition information for a node."
      lastHeartbeatTime time
      lastTransitionTime time
      message string
      reason string
      status! string
      type! string
    NodeDaemonEndpoints "NodeDaemonEndpoints lists ports opened by daemons running on the Node."
      kubeletEndpoint DaemonEndpoint
    DaemonEndpoint "DaemonEndpoint contains information about a single Daemon endpoint."
      Port! int32
    ContainerImage "Describe a container image"
      names [string] atomic
      sizeBytes int64
    NodeConfigSource
      configMap ConfigMapNodeConfigSource
    ConfigMapNodeConfigSource
      kubeletConfigKey! string
      name! string
      namespace! string
      resourceVersion string
      uid string
    NodeSwapStatus
      capacity int64
    AttachedVolume
      devicePath! string
      name! string
    NodeConfigStatus
      active NodeConfigSource
      assigned NodeConfigSource
      error string
      lastKnownGood NodeConfigSource
    NodeRuntimeHandler
      features NodeRuntimeHandlerFeatures
      name string keep
    NodeRuntimeHandlerFeatures
      recursiveReadOnlyMounts bool
      userNamespaces bool
    NodeFeatures
      supplementalGroupsPolicy bool
    NodeSystemInfo "NodeSystemInfo is a set of ids/uuids to uniquely identify the node."
      architecture string keep
      bootID string keep
      containerRuntimeVersion string keep
      kernelVersion string keep
      kubeProxyVersion string keep
      kubeletVersion string keep
      machineID string keep
      operatingSystem string keep
      osImage string keep
      swap NodeSwapStatus
      systemUUID string keep
    """

/// Kinds of other groups.
let groupTypes = """
    package io.k8s.api.apps.v1
    ControllerRevision "ControllerRevision implements an immutable snapshot of state data."
      apiVersion string
      data any
      kind string
      metadata ObjectMeta
      revision! int64
    package io.k8s.api.coordination.v1
    Lease "Lease defines a lease concept."
      apiVersion string
      kind string
      metadata ObjectMeta
      spec LeaseSpec
    LeaseSpec "LeaseSpec is a specification of a Lease."
      acquireTime microtime "acquireTime is a time when the current lease was acquired."
      holderIdentity string keep "holderIdentity contains the identity of the holder of a current lease."
      leaseDurationSeconds int32 "leaseDurationSeconds is a duration that candidates for a lease need to wait to force acquire it."
      leaseTransitions int32 "leaseTransitions is the number of transitions of a lease between holders."
      preferredHolder string
      renewTime microtime "renewTime is a time when the current holder of a lease has last updated the lease."
      strategy string
    package io.k8s.api.events.v1
    EventsEvent "Event is a report of an event somewhere in the cluster."
      action string
      apiVersion string
      deprecatedCount int32
      deprecatedFirstTimestamp time
      deprecatedLastTimestamp time
      deprecatedSource EventSource
      eventTime! microtime
      kind string
      metadata ObjectMeta
      note string
      reason string
      regarding ObjectReference
      related ObjectReference
      reportingController string
      reportingInstance string
      series EventsEventSeries
      type string
    EventsEventSeries "EventSeries contain information on series of events."
      count! int32
      lastObservedTime! microtime
    package io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1
    CustomResourceDefinition "CustomResourceDefinition represents a resource that should be exposed on the API server."
      apiVersion string
      kind string
      metadata ObjectMeta
      spec! CustomResourceDefinitionSpec
      status CustomResourceDefinitionStatus
    CustomResourceDefinitionSpec "CustomResourceDefinitionSpec describes how a user wants their resource to appear"
      conversion CustomResourceConversion
      group! string
      names! CustomResourceDefinitionNames
      preserveUnknownFields bool
      scope! string
      versions! [CustomResourceDefinitionVersion] atomic
    CustomResourceConversion "CustomResourceConversion describes how to convert different versions of a CR."
      strategy! string
      webhook any
    CustomResourceDefinitionNames "CustomResourceDefinitionNames indicates the names to serve this CustomResourceDefinition"
      categories [string] atomic
      kind! string
      listKind string
      plural! string
      shortNames [string] atomic
      singular string
    CustomResourceDefinitionVersion "CustomResourceDefinitionVersion describes a version for CRD."
      additionalPrinterColumns [CustomResourceColumnDefinition] atomic
      deprecated bool
      deprecationWarning string
      name! string
      schema CustomResourceValidation
      selectableFields [SelectableField] atomic
      served! bool
      storage! bool
      subresources CustomResourceSubresources
    CustomResourceColumnDefinition "CustomResourceColumnDefinition specifies a column for server side printing."
      description string
      format string
      jsonPath! string
      name! string
      priority int32
      type! string
    CustomResourceValidation "CustomResourceValidation is a list of validation methods for CustomResources."
      openAPIV3Schema any
    SelectableField "SelectableField specifies the JSON path of a field that may be used with field selectors."
      jsonPath! string
    CustomResourceSubresources "CustomResourceSubresources defines the status and scale subresources for CustomResources."
      scale CustomResourceSubresourceScale
      status any
    CustomResourceSubresourceScale "CustomResourceSubresourceScale defines how to serve the scale subresource for CustomResources."
      labelSelectorPath string
      specReplicasPath! string
      statusReplicasPath! string
    CustomResourceDefinitionStatus "CustomResourceDefinitionStatus indicates the state of the CustomResourceDefinition"
      acceptedNames CustomResourceDefinitionNames
      conditions [CustomResourceDefinitionCondition] map:type
      observedGeneration int64
      storedVersions [string] atomic
    CustomResourceDefinitionCondition "CustomResourceDefinitionCondition contains details for the current condition of this pod."
      lastTransitionTime time
      message string
      observedGeneration int64
      reason string
      status! string
      type! string
    """
