import KubeClient

/// The options of the client's module, which has a type of its own name and so cannot be named through it.
typealias NodeLogOptions = PodLogOptions
