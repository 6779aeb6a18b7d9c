/// Volumes of Pods.
let volumeTypes = """
    package io.k8s.api.core.v1
    VolumeMount "VolumeMount describes a mounting of a Volume within a container."
      mountPath! string
      mountPropagation string
      name! string
      readOnly bool
      recursiveReadOnly string
      subPath string
      subPathExpr string
    VolumeDevice "volumeDevice describes a mapping of a raw block device within a container."
      devicePath! string
      name! string
    Volume "Volume represents a named volume in a pod that may be accessed by any container in the pod."
      awsElasticBlockStore any
      azureDisk any
      azureFile any
      cephfs any
      cinder any
      configMap ConfigMapVolumeSource
      csi any
      downwardAPI DownwardAPIVolumeSource
      emptyDir EmptyDirVolumeSource
      ephemeral any
      fc any
      flexVolume any
      flocker any
      gcePersistentDisk any
      gitRepo any
      glusterfs any
      hostPath HostPathVolumeSource
      image any
      iscsi any
      name! string
      nfs any
      persistentVolumeClaim any
      photonPersistentDisk any
      portworxVolume any
      projected any
      quobyte any
      rbd any
      scaleIO any
      secret SecretVolumeSource
      storageos any
      vsphereVolume any
    ConfigMapVolumeSource "Adapts a ConfigMap into a volume."
      defaultMode int32
      items [KeyToPath] atomic
      name string
      optional bool
    SecretVolumeSource "Adapts a Secret into a volume."
      defaultMode int32
      items [KeyToPath] atomic
      optional bool
      secretName string
    KeyToPath "Maps a string key to a path within a volume."
      key! string
      mode int32
      path! string
    DownwardAPIVolumeSource "DownwardAPIVolumeSource represents a volume containing downward API info."
      defaultMode int32
      items [any] atomic
    EmptyDirVolumeSource "Represents an empty directory for a pod."
      medium string
      sizeLimit quantity
    HostPathVolumeSource "Represents a host path mapped into a pod."
      path! string
      type string
    """
