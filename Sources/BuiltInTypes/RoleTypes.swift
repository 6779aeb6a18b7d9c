/// The kinds of `rbac.authorization.k8s.io/v1`.
let roleTypes = """
    package io.k8s.api.rbac.v1
    Role "Role is a namespaced, logical grouping of PolicyRules that can be referenced as a unit by a RoleBinding."
      apiVersion string
      kind string
      metadata ObjectMeta "Standard object's metadata."
      rules [PolicyRule] atomic "Rules holds all the PolicyRules for this Role."
    ClusterRole "ClusterRole is a cluster level, logical grouping of PolicyRules that can be referenced as a unit by a RoleBinding or ClusterRoleBinding."
      aggregationRule AggregationRule "AggregationRule is an optional field that describes how to build the Rules for this ClusterRole. If AggregationRule is set, then the Rules are controller managed and direct changes to Rules will be stomped by the controller."
      apiVersion string
      kind string
      metadata ObjectMeta "Standard object's metadata."
      rules [PolicyRule] atomic "Rules holds all the PolicyRules for this ClusterRole."
    AggregationRule "AggregationRule describes how to locate ClusterRoles to aggregate into the ClusterRole."
      clusterRoleSelectors [LabelSelector] atomic "ClusterRoleSelectors holds a list of selectors which will be used to find ClusterRoles and create the rules."
    PolicyRule "PolicyRule holds information that describes a policy rule, but does not contain information about who the rule applies to or which namespace the rule applies to."
      apiGroups [string] atomic "APIGroups is the name of the APIGroup that contains the resources. "" represents the core API group and "*" represents all API groups."
      nonResourceURLs [string] atomic "NonResourceURLs is a set of partial urls that a user should have access to. *s are allowed, but only as the full, final step in the path."
      resourceNames [string] atomic "ResourceNames is an optional white list of names that the rule applies to. An empty set means that everything is allowed."
      resources [string] atomic "Resources is a list of resources this rule applies to. '*' represents all resources."
      verbs! [string] atomic "Verbs is a list of Verbs that apply to ALL the ResourceKinds contained in this rule. '*' represents all verbs."
    RoleBinding "RoleBinding references a role, but does not contain it. It can reference a Role in the same namespace or a ClusterRole in the global namespace."
      apiVersion string
      kind string
      metadata ObjectMeta "Standard object's metadata."
      roleRef! RoleRef "RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. This field is immutable."
      subjects [Subject] atomic "Subjects holds references to the objects the role applies to."
    ClusterRoleBinding "ClusterRoleBinding references a ClusterRole, but not contain it. It can reference a ClusterRole in the global namespace, and adds who information via Subject."
      apiVersion string
      kind string
      metadata ObjectMeta "Standard object's metadata."
      roleRef! RoleRef "RoleRef can only reference a ClusterRole in the global namespace. This field is immutable."
      subjects [Subject] atomic "Subjects holds references to the objects the role applies to."
    RoleRef "RoleRef contains information that points to the role being used"
      apiGroup! string "APIGroup is the group for the resource being referenced"
      kind! string "Kind is the type of resource being referenced"
      name! string "Name is the name of resource being referenced"
    Subject "Subject contains a reference to the object or user identities a role binding applies to."
      apiGroup string "APIGroup holds the API group of the referenced subject."
      kind! string "Kind of object being referenced."
      name! string "Name of the object being referenced."
      namespace string "Namespace of the referenced object."
    """
