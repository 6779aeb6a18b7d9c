/// The types that all objects share, with the descriptions that `kubectl explain` shows.
let metaTypes = """
    package io.k8s.apimachinery.pkg.apis.meta.v1
    ObjectMeta "ObjectMeta is metadata that all persisted resources must have, which includes all objects users must create."
      annotations {string} "Annotations is an unstructured key value map stored with a resource that may be set by external tools to store and retrieve arbitrary metadata."
      creationTimestamp time "CreationTimestamp is a timestamp representing the server time when this object was created."
      deletionGracePeriodSeconds int64 "Number of seconds allowed for this object to gracefully terminate before it will be removed from the system."
      deletionTimestamp time "DeletionTimestamp is RFC 3339 date and time at which this resource will be deleted."
      finalizers [string] set merge "Must be empty before the object is deleted from the registry."
      generateName string "GenerateName is an optional prefix, used by the server, to generate a unique name ONLY IF the Name field has not been provided."
      generation int64 "A sequence number representing a specific generation of the desired state."
      labels {string} "Map of string keys and values that can be used to organize and categorize (scope and select) objects."
      managedFields [ManagedFieldsEntry] atomic "ManagedFields maps workflow-id and version to the set of fields that are managed by that workflow."
      name string "Name must be unique within a namespace."
      namespace string "Namespace defines the space within which each name must be unique."
      ownerReferences [OwnerReference] map:uid merge:uid "List of objects depended by this object."
      resourceVersion string "An opaque value that represents the internal version of this object."
      selfLink string "Deprecated: selfLink is a legacy read-only field that is no longer populated by the system."
      uid string "UID is the unique in time and space value for this object."
    ManagedFieldsEntry "ManagedFieldsEntry is a workflow-id, a FieldSet and the group version of the resource that the fieldset applies to."
      apiVersion string
      fieldsType string
      fieldsV1 any
      manager string
      operation string
      subresource string
      time time
    OwnerReference atomic "OwnerReference contains enough information to let you identify an owning object."
      apiVersion! string "API version of the referent."
      blockOwnerDeletion bool "If true, AND if the owner has the foregroundDeletion finalizer, then the owner cannot be deleted until this reference is removed."
      controller bool "If true, this reference points to the managing controller."
      kind! string "Kind of the referent."
      name! string "Name of the referent."
      uid! string "UID of the referent."
    ListMeta "ListMeta describes metadata that synthetic resources must have, including lists and various status objects."
      continue string
      remainingItemCount int64
      resourceVersion string
      selfLink string
    LabelSelector atomic "A label selector is a label query over a set of resources."
      matchExpressions [LabelSelectorRequirement] atomic
      matchLabels {string}
    LabelSelectorRequirement "A label selector requirement is a selector that contains values, a key, and an operator that relates the key and values."
      key! string
      operator! string
      values [string] atomic
    Condition "Condition contains details for one aspect of the current state of this API Resource."
      lastTransitionTime! time
      message! string
      observedGeneration int64
      reason! string
      status! string
      type! string
    Status "Status is a return value for calls that don't return other objects."
      apiVersion string
      code int32 "Suggested HTTP return code for this status, 0 if not set."
      details StatusDetails "Extended data associated with the reason."
      kind string
      message string "A human-readable description of the status of this operation."
      metadata ListMeta "Standard list metadata."
      reason string "A machine-readable description of why this operation is in the \"Failure\" status."
      status string "Status of the operation. One of: \"Success\" or \"Failure\"."
    StatusDetails "StatusDetails is a set of additional properties that MAY be set by the server to provide additional information about a response."
      causes [StatusCause] atomic "The Causes array includes more details associated with the StatusReason failure."
      group string "The group attribute of the resource associated with the status StatusReason."
      kind string "The kind attribute of the resource associated with the status StatusReason."
      name string "The name attribute of the resource associated with the status StatusReason (when there is a single name which can be described)."
      retryAfterSeconds int32 "If specified, the time in seconds before the operation should be retried."
      uid string "UID of the resource. (when there is a single resource which can be described)."
    StatusCause "StatusCause provides more information about an api.Status failure, including cases when multiple errors are encountered."
      field string "The field of the resource that has caused this error, as named by its JSON serialization."
      message string "A human-readable description of the cause of the error."
      reason string "A machine-readable description of the cause of the error."
    """
