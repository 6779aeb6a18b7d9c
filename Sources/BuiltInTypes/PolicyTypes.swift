/// The kinds of the group `policy`.
let policyTypes = """
    package io.k8s.api.policy.v1
    PodDisruptionBudget "PodDisruptionBudget is an object to define the max disruption that can be caused to a collection of pods"
      apiVersion string
      kind string
      metadata ObjectMeta
      spec PodDisruptionBudgetSpec "Specification of the desired behavior of the PodDisruptionBudget."
      status PodDisruptionBudgetStatus "Most recently observed status of the PodDisruptionBudget."
    PodDisruptionBudgetSpec "PodDisruptionBudgetSpec is a description of a PodDisruptionBudget."
      maxUnavailable intorstring "An eviction is allowed if at most this many of the selected pods are unavailable after it. A number or a percentage."
      minAvailable intorstring "An eviction is allowed if at least this many of the selected pods are available after it. A number or a percentage."
      selector LabelSelector strategy:replace "Label query over pods whose evictions are managed by the disruption budget."
      unhealthyPodEvictionPolicy string "IfHealthyBudget (the default) or AlwaysAllow: when pods that are not ready may be evicted."
    PodDisruptionBudgetStatus "PodDisruptionBudgetStatus represents information about the status of a PodDisruptionBudget."
      conditions [Condition] map:type merge:type
      currentHealthy! int32 "Current number of healthy pods"
      desiredHealthy! int32 "Minimum desired number of healthy pods"
      disruptedPods {time} "Pods whose eviction has been processed but which have not been seen to go yet."
      disruptionsAllowed! int32 "Number of pod disruptions that are currently allowed."
      expectedPods! int32 "Total number of pods counted by this disruption budget"
      observedGeneration int64 "Most recent generation observed when updating this status."
    Eviction "Eviction evicts a pod from its node subject to certain policies and safety constraints."
      apiVersion string
      deleteOptions DeleteOptions
      kind string
      metadata ObjectMeta
    """
