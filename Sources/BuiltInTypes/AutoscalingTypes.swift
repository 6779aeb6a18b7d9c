/// HorizontalPodAutoscalers in both versions. The catalog tells the older one apart by its prefix `V1`; OpenAPI by the
/// package.
let autoscalingTypes = """
    package io.k8s.api.autoscaling.v2
    HorizontalPodAutoscaler "HorizontalPodAutoscaler is the configuration for a horizontal pod autoscaler, which automatically manages the replica count of any resource implementing the scale subresource based on the metrics specified."
      apiVersion string
      kind string
      metadata ObjectMeta
      spec HorizontalPodAutoscalerSpec "spec is the specification for the behaviour of the autoscaler."
      status HorizontalPodAutoscalerStatus "status is the current information about the autoscaler."
    HorizontalPodAutoscalerSpec "HorizontalPodAutoscalerSpec describes the desired functionality of the HorizontalPodAutoscaler."
      behavior HorizontalPodAutoscalerBehavior "behavior configures the scaling behavior of the target in both Up and Down directions."
      maxReplicas! int32 "maxReplicas is the upper limit for the number of replicas to which the autoscaler can scale up."
      metrics [MetricSpec] atomic "metrics contains the specifications for which to use to calculate the desired replica count (the maximum replica count across all metrics will be used)."
      minReplicas int32 "minReplicas is the lower limit for the number of replicas to which the autoscaler can scale down. It defaults to 1 pod."
      scaleTargetRef! CrossVersionObjectReference "scaleTargetRef points to the target resource to scale."
    CrossVersionObjectReference atomic "CrossVersionObjectReference contains enough information to let you identify the referred resource."
      apiVersion string "apiVersion is the API version of the referent"
      kind! string "kind is the kind of the referent"
      name! string "name is the name of the referent"
    HorizontalPodAutoscalerBehavior "HorizontalPodAutoscalerBehavior configures the scaling behavior of the target in both Up and Down directions."
      scaleDown HPAScalingRules "scaleDown is scaling policy for scaling Down."
      scaleUp HPAScalingRules "scaleUp is scaling policy for scaling Up."
    HPAScalingRules "HPAScalingRules configures the scaling behavior for one direction."
      policies [HPAScalingPolicy] atomic "policies is a list of potential scaling polices which can be used during scaling."
      selectPolicy string "selectPolicy is used to specify which policy should be used: Max (the default), Min or Disabled."
      stabilizationWindowSeconds int32 "stabilizationWindowSeconds is the number of seconds for which past recommendations should be considered while scaling up or scaling down."
      tolerance quantity "tolerance is the tolerance on the ratio between the current and desired metric value under which no updates are made to the desired number of replicas."
    HPAScalingPolicy "HPAScalingPolicy is a single policy which must hold true for a specified past interval."
      periodSeconds! int32 "periodSeconds specifies the window of time for which the policy should hold true, at most 1800."
      type! string "type is used to specify the scaling policy: Pods or Percent."
      value! int32 "value contains the amount of change which is permitted by the policy."
    MetricSpec "MetricSpec specifies how to scale based on a single metric (only `type` and one other matching field should be set at once)."
      containerResource ContainerResourceMetricSource
      external ExternalMetricSource
      object ObjectMetricSource
      pods PodsMetricSource
      resource ResourceMetricSource "resource refers to a resource metric (such as those specified in requests and limits) known to Kubernetes describing each pod in the current scale target."
      type! string "type is the type of metric source: ContainerResource, External, Object, Pods or Resource."
    MetricTarget "MetricTarget defines the target value, average value, or average utilization of a specific metric"
      averageUtilization int32 "averageUtilization is the target value of the average of the resource metric across all relevant pods, represented as a percentage of the requested value of the resource for the pods."
      averageValue quantity "averageValue is the target value of the average of the metric across all relevant pods (as a quantity)"
      type! string "type represents whether the metric type is Utilization, Value, or AverageValue"
      value quantity "value is the target value of the metric (as a quantity)."
    MetricIdentifier "MetricIdentifier defines the name and optionally selector for a metric"
      name! string
      selector LabelSelector
    ContainerResourceMetricSource "ContainerResourceMetricSource indicates how to scale on a resource metric of one container."
      container! string
      name! string
      target! MetricTarget
    ExternalMetricSource "ExternalMetricSource indicates how to scale on a metric not associated with any Kubernetes object."
      metric! MetricIdentifier
      target! MetricTarget
    ObjectMetricSource "ObjectMetricSource indicates how to scale on a metric describing a kubernetes object."
      describedObject! CrossVersionObjectReference
      metric! MetricIdentifier
      target! MetricTarget
    PodsMetricSource "PodsMetricSource indicates how to scale on a metric describing each pod in the current scale target."
      metric! MetricIdentifier
      target! MetricTarget
    ResourceMetricSource "ResourceMetricSource indicates how to scale on a resource metric known to Kubernetes."
      name! string "name is the name of the resource in question: cpu or memory."
      target! MetricTarget
    HorizontalPodAutoscalerStatus "HorizontalPodAutoscalerStatus describes the current status of a horizontal pod autoscaler."
      conditions [HorizontalPodAutoscalerCondition] map:type merge:type "conditions is the set of conditions required for this autoscaler to scale its target, and indicates whether or not those conditions are met."
      currentMetrics [MetricStatus] atomic "currentMetrics is the last read state of the metrics used by this autoscaler."
      currentReplicas int32 "currentReplicas is current number of replicas of pods managed by this autoscaler, as last seen by the autoscaler."
      desiredReplicas! int32 "desiredReplicas is the desired number of replicas of pods managed by this autoscaler, as last calculated by the autoscaler."
      lastScaleTime time "lastScaleTime is the last time the HorizontalPodAutoscaler scaled the number of pods."
      observedGeneration int64 "observedGeneration is the most recent generation observed by this autoscaler."
    HorizontalPodAutoscalerCondition "HorizontalPodAutoscalerCondition describes the state of a HorizontalPodAutoscaler at a certain point."
      lastTransitionTime time
      message string
      reason string
      status! string
      type! string
    MetricStatus "MetricStatus describes the last-read state of a single metric."
      containerResource ContainerResourceMetricStatus
      external ExternalMetricStatus
      object ObjectMetricStatus
      pods PodsMetricStatus
      resource ResourceMetricStatus
      type! string
    MetricValueStatus "MetricValueStatus holds the current value for a metric"
      averageUtilization int32
      averageValue quantity
      value quantity
    ContainerResourceMetricStatus "ContainerResourceMetricStatus indicates the current value of a resource metric of one container."
      container! string
      current! MetricValueStatus
      name! string
    ExternalMetricStatus "ExternalMetricStatus indicates the current value of a global metric not associated with any Kubernetes object."
      current! MetricValueStatus
      metric! MetricIdentifier
    ObjectMetricStatus "ObjectMetricStatus indicates the current value of a metric describing a kubernetes object."
      current! MetricValueStatus
      describedObject! CrossVersionObjectReference
      metric! MetricIdentifier
    PodsMetricStatus "PodsMetricStatus indicates the current value of a metric describing each pod in the current scale target."
      current! MetricValueStatus
      metric! MetricIdentifier
    ResourceMetricStatus "ResourceMetricStatus indicates the current value of a resource metric known to Kubernetes."
      current! MetricValueStatus
      name! string
    package io.k8s.api.autoscaling.v1
    V1HorizontalPodAutoscaler "configuration of a horizontal pod autoscaler."
      apiVersion string
      kind string
      metadata ObjectMeta
      spec V1HorizontalPodAutoscalerSpec "spec defines the behaviour of autoscaler."
      status V1HorizontalPodAutoscalerStatus "status is the current information about the autoscaler."
    V1HorizontalPodAutoscalerSpec "specification of a horizontal pod autoscaler."
      maxReplicas! int32 "maxReplicas is the upper limit for the number of pods that can be set by the autoscaler; cannot be smaller than MinReplicas."
      minReplicas int32 "minReplicas is the lower limit for the number of replicas to which the autoscaler can scale down. It defaults to 1 pod."
      scaleTargetRef! CrossVersionObjectReference "reference to scaled resource; horizontal pod autoscaler will learn the current resource consumption and will set the desired number of pods by using its Scale subresource."
      targetCPUUtilizationPercentage int32 "targetCPUUtilizationPercentage is the target average CPU utilization (represented as a percentage of requested CPU) over all the pods."
    V1HorizontalPodAutoscalerStatus "current status of a horizontal pod autoscaler"
      currentCPUUtilizationPercentage int32 "currentCPUUtilizationPercentage is the current average CPU utilization over all pods, represented as a percentage of requested CPU."
      currentReplicas! int32 "currentReplicas is the current number of replicas of pods managed by this autoscaler."
      desiredReplicas! int32 "desiredReplicas is the desired number of replicas of pods managed by this autoscaler."
      lastScaleTime time "lastScaleTime is the last time the HorizontalPodAutoscaler scaled the number of pods."
      observedGeneration int64 "observedGeneration is the most recent generation observed by this autoscaler."
    """

/// The numbers of those types in the binary encoding.
let autoscalingNumbers = """
    HorizontalPodAutoscaler metadata=1 spec=2 status=3
    HorizontalPodAutoscalerSpec scaleTargetRef=1 minReplicas=2 maxReplicas=3 metrics=4 behavior=5
    CrossVersionObjectReference kind=1 name=2 apiVersion=3-
    HorizontalPodAutoscalerBehavior scaleUp=1 scaleDown=2
    HPAScalingRules selectPolicy=1 policies=2 stabilizationWindowSeconds=3 tolerance=4
    HPAScalingPolicy type=1 value=2 periodSeconds=3
    MetricSpec type=1 object=2 pods=3 resource=4 external=5 containerResource=7
    MetricTarget type=1 value=2 averageValue=3 averageUtilization=4
    MetricIdentifier name=1 selector=2
    ContainerResourceMetricSource name=1 target=2 container=3
    ExternalMetricSource metric=1 target=2
    ObjectMetricSource describedObject=1 target=2 metric=3
    PodsMetricSource metric=1 target=2
    ResourceMetricSource name=1 target=2
    HorizontalPodAutoscalerStatus observedGeneration=1 lastScaleTime=2 currentReplicas=3- desiredReplicas=4 \
        currentMetrics=5 conditions=6
    HorizontalPodAutoscalerCondition type=1 status=2 lastTransitionTime=3 reason=4- message=5-
    MetricStatus type=1 object=2 pods=3 resource=4 external=5 containerResource=7
    MetricValueStatus value=1 averageValue=2 averageUtilization=3
    ContainerResourceMetricStatus name=1 current=2 container=3
    ExternalMetricStatus metric=1 current=2
    ObjectMetricStatus metric=1 current=2 describedObject=3
    PodsMetricStatus metric=1 current=2
    ResourceMetricStatus name=1 current=2
    V1HorizontalPodAutoscaler metadata=1 spec=2 status=3
    V1HorizontalPodAutoscalerSpec scaleTargetRef=1 minReplicas=2 maxReplicas=3 targetCPUUtilizationPercentage=4
    V1HorizontalPodAutoscalerStatus observedGeneration=1 lastScaleTime=2 currentReplicas=3 desiredReplicas=4 \
        currentCPUUtilizationPercentage=5
    """
