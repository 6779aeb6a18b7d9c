/// Volumes of Pods.
let volumeTypes = """
    package io.k8s.api.core.v1
    VolumeMount "VolumeMount describes a mounting of a Volume within a container."
      mountPath! string
      mountPropagation string keep
      name! string
      readOnly bool
      recursiveReadOnly string keep
      subPath string
      subPathExpr string
    VolumeDevice "volumeDevice describes a mapping of a raw block device within a container."
      devicePath! string
      name! string
    Volume "Volume represents a named volume in a pod that may be accessed by any container in the pod."
      awsElasticBlockStore AWSElasticBlockStoreVolumeSource
      azureDisk AzureDiskVolumeSource
      azureFile AzureFileVolumeSource
      cephfs CephFSVolumeSource
      cinder CinderVolumeSource
      configMap ConfigMapVolumeSource
      csi CSIVolumeSource
      downwardAPI DownwardAPIVolumeSource
      emptyDir EmptyDirVolumeSource
      ephemeral EphemeralVolumeSource
      fc FCVolumeSource
      flexVolume FlexVolumeSource
      flocker FlockerVolumeSource
      gcePersistentDisk GCEPersistentDiskVolumeSource
      gitRepo GitRepoVolumeSource
      glusterfs GlusterfsVolumeSource
      hostPath HostPathVolumeSource
      image ImageVolumeSource
      iscsi ISCSIVolumeSource
      name! string
      nfs NFSVolumeSource
      persistentVolumeClaim PersistentVolumeClaimVolumeSource
      photonPersistentDisk PhotonPersistentDiskVolumeSource
      portworxVolume PortworxVolumeSource
      projected ProjectedVolumeSource
      quobyte QuobyteVolumeSource
      rbd RBDVolumeSource
      scaleIO ScaleIOVolumeSource
      secret SecretVolumeSource
      storageos StorageOSVolumeSource
      vsphereVolume VsphereVirtualDiskVolumeSource
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
      items [DownwardAPIVolumeFile] atomic
    DownwardAPIVolumeFile
      fieldRef ObjectFieldSelector
      mode int32
      path! string
      resourceFieldRef ResourceFieldSelector
    EmptyDirVolumeSource "Represents an empty directory for a pod."
      medium string
      sizeLimit quantity
    HostPathVolumeSource "Represents a host path mapped into a pod."
      path! string
      type string keep
    ProjectedVolumeSource
      defaultMode int32
      sources [VolumeProjection] atomic
    VolumeProjection
      clusterTrustBundle ClusterTrustBundleProjection
      configMap ConfigMapProjection
      downwardAPI DownwardAPIProjection
      podCertificate PodCertificateProjection
      secret SecretProjection
      serviceAccountToken ServiceAccountTokenProjection
    SecretProjection
      items [KeyToPath] atomic
      name string
      optional bool
    ConfigMapProjection
      items [KeyToPath] atomic
      name string
      optional bool
    DownwardAPIProjection
      items [DownwardAPIVolumeFile] atomic
    ServiceAccountTokenProjection
      audience string
      expirationSeconds int64
      path! string
    ClusterTrustBundleProjection
      labelSelector LabelSelector
      name string keep
      optional bool
      path! string
      signerName string keep
    PodCertificateProjection
      certificateChainPath string
      credentialBundlePath string
      keyPath string
      keyType string
      maxExpirationSeconds int32
      signerName string
      userAnnotations {string}
    PersistentVolumeClaimVolumeSource
      claimName! string
      readOnly bool
    EphemeralVolumeSource
      volumeClaimTemplate PersistentVolumeClaimTemplate
    PersistentVolumeClaimTemplate
      metadata ObjectMeta
      spec! PersistentVolumeClaimSpec
    PersistentVolumeClaimSpec
      accessModes [string] atomic
      dataSource TypedLocalObjectReference
      dataSourceRef TypedObjectReference
      resources VolumeResourceRequirements
      selector LabelSelector
      storageClassName string keep
      volumeAttributesClassName string keep
      volumeMode string keep
      volumeName string
    VolumeResourceRequirements
      limits {quantity}
      requests {quantity}
    TypedLocalObjectReference atomic
      apiGroup string keep
      kind! string
      name! string
    TypedObjectReference
      apiGroup string keep
      kind! string
      name! string
      namespace string keep
    ImageVolumeSource
      pullPolicy string
      reference string
    CSIVolumeSource
      driver! string
      fsType string keep
      nodePublishSecretRef LocalObjectReference
      readOnly bool
      volumeAttributes {string}
    NFSVolumeSource
      path! string
      readOnly bool
      server! string
    ISCSIVolumeSource
      chapAuthDiscovery bool
      chapAuthSession bool
      fsType string
      initiatorName string keep
      iqn! string
      iscsiInterface string ="default"
      lun! int32
      portals [string] atomic
      readOnly bool
      secretRef LocalObjectReference
      targetPortal! string
    FCVolumeSource
      fsType string
      lun int32
      readOnly bool
      targetWWNs [string] atomic
      wwids [string] atomic
    GCEPersistentDiskVolumeSource
      fsType string
      partition int32
      pdName! string
      readOnly bool
    AWSElasticBlockStoreVolumeSource
      fsType string
      partition int32
      readOnly bool
      volumeID! string
    GitRepoVolumeSource
      directory string
      repository! string
      revision string
    GlusterfsVolumeSource
      endpoints! string
      path! string
      readOnly bool
    RBDVolumeSource
      fsType string
      image! string
      keyring string ="/etc/ceph/keyring"
      monitors! [string] atomic
      pool string ="rbd"
      readOnly bool
      secretRef LocalObjectReference
      user string ="admin"
    FlexVolumeSource
      driver! string
      fsType string
      options {string}
      readOnly bool
      secretRef LocalObjectReference
    CinderVolumeSource
      fsType string
      readOnly bool
      secretRef LocalObjectReference
      volumeID! string
    CephFSVolumeSource
      monitors! [string] atomic
      path string
      readOnly bool
      secretFile string
      secretRef LocalObjectReference
      user string
    FlockerVolumeSource
      datasetName string
      datasetUUID string
    AzureFileVolumeSource
      readOnly bool
      secretName! string
      shareName! string
    AzureDiskVolumeSource
      cachingMode string keep =ref(AzureDataDiskCachingReadWrite)
      diskName! string
      diskURI! string
      fsType string keep ="ext4"
      kind string keep =ref(AzureSharedBlobDisk)
      readOnly bool
    VsphereVirtualDiskVolumeSource
      fsType string
      storagePolicyID string
      storagePolicyName string
      volumePath! string
    QuobyteVolumeSource
      group string
      readOnly bool
      registry! string
      tenant string
      user string
      volume! string
    PhotonPersistentDiskVolumeSource
      fsType string
      pdID! string
    PortworxVolumeSource
      fsType string
      readOnly bool
      volumeID! string
    ScaleIOVolumeSource
      fsType string ="xfs"
      gateway! string
      protectionDomain string
      readOnly bool
      secretRef! LocalObjectReference
      sslEnabled bool
      storageMode string ="ThinProvisioned"
      storagePool string
      system! string
      volumeName string
    StorageOSVolumeSource
      fsType string
      readOnly bool
      secretRef LocalObjectReference
      volumeName string
      volumeNamespace string
    """
