"""Kubernetes, Velero and CloudNativePG: wire names of pulumi-kubernetes 4 and of the custom resources' own APIs."""

from __future__ import annotations

from previews.meanings.table import Aspect, Better, Guard, Meaning, StoreKind
from previews.schedules import CRON, CRON_WITH_SECONDS
from previews.units import GO, WINDOW

_DEPLOYMENT = "kubernetes:apps/v1:Deployment"
_STATEFUL = "kubernetes:apps/v1:StatefulSet"
_BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
_SCHEDULE = "kubernetes:velero.io/v1:Schedule"
_LOCATION = "kubernetes:velero.io/v1:BackupStorageLocation"
_SCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
_CNPG = "kubernetes:postgresql.cnpg.io/v1:Cluster"
_CRON_JOB = "kubernetes:batch/v1:CronJob"
_CNPG_BACKUP = "kubernetes:postgresql.cnpg.io/v1:ScheduledBackup"

KUBERNETES: tuple[Meaning, ...] = (
    *(
        meaning
        for workload in (_DEPLOYMENT, _STATEFUL)
        for meaning in (
            Meaning(workload, "spec.replicas", "replicas", Aspect.CAPACITY, Better.HIGHER, "pods", 1),
            Meaning(
                workload,
                "spec.template.spec.containers[*].readinessProbe",
                "readiness probe",
                Aspect.DETECTION,
                Better.PRESENT,
            ),
            Meaning(
                workload,
                "spec.template.spec.containers[*].livenessProbe",
                "liveness probe",
                Aspect.DETECTION,
                Better.PRESENT,
            ),
        )
    ),
    Meaning(
        _STATEFUL,
        "spec.persistentVolumeClaimRetentionPolicy.whenDeleted",
        "volumes after deletion",
        Aspect.DELETION,
        Better.ORDER,
        default="Retain",
        order=("Delete", "Retain"),
    ),
    Meaning(
        _STATEFUL,
        "spec.persistentVolumeClaimRetentionPolicy.whenScaled",
        "volumes after scaling down",
        Aspect.DELETION,
        Better.ORDER,
        default="Retain",
        order=("Delete", "Retain"),
    ),
    Meaning(_BUDGET, "spec.minAvailable", "pods that must stay up", Aspect.AVAILABILITY, Better.JUDGE),
    Meaning(_BUDGET, "spec.maxUnavailable", "pods that may be down", Aspect.AVAILABILITY, Better.JUDGE),
    Meaning(
        "kubernetes:core/v1:PersistentVolume",
        "spec.persistentVolumeReclaimPolicy",
        "volume after release",
        Aspect.DELETION,
        Better.ORDER,
        default="Retain",
        order=("Delete", "Recycle", "Retain"),
    ),
    Meaning(
        "kubernetes:storage.k8s.io/v1:StorageClass",
        "reclaimPolicy",
        "volumes after release",
        Aspect.DELETION,
        Better.ORDER,
        default="Delete",
        order=("Delete", "Retain"),
    ),
    Meaning(_SCALER, "spec.maxReplicas", "room to grow", Aspect.CAPACITY, Better.HIGHER, "pods"),
    Meaning(_SCALER, "spec.minReplicas", "pods always on", Aspect.CAPACITY, Better.HIGHER, "pods", 1),
    Meaning(_SCHEDULE, "spec.schedule", "backup schedule", Aspect.FREQUENCY, Better.OFTEN, notation=CRON),
    Meaning(_SCHEDULE, "spec.paused", "backup schedule paused", Aspect.FREQUENCY, Better.OFF, default=False),
    # The server takes its default where nothing is said, and 0s is what its command line writes for that.
    Meaning(
        _SCHEDULE,
        "spec.template.ttl",
        "backups kept",
        Aspect.RETENTION,
        Better.LONGER,
        default="720h",
        notation=GO,
        zero_is_default=True,
    ),
    # No list means every namespace, which is the strongest.
    Meaning(
        _SCHEDULE,
        "spec.template.includedNamespaces",
        "namespaces backed up",
        Aspect.RETENTION,
        Better.MORE,
        absent="strong",
    ),
    Meaning(
        _SCHEDULE,
        "spec.template.excludedNamespaces",
        "namespaces left out",
        Aspect.RETENTION,
        Better.FEWER,
        absent="strong",
    ),
    Meaning(_SCHEDULE, "spec.template.snapshotVolumes", "volume snapshots", Aspect.RETENTION, Better.ON, default=True),
    Meaning(
        _LOCATION,
        "spec.accessMode",
        "backup location",
        Aspect.RETENTION,
        Better.ORDER,
        default="ReadWrite",
        order=("ReadOnly", "ReadWrite"),
    ),
    Meaning(_LOCATION, "spec.objectStorage.bucket", "backup bucket", Aspect.GEO, Better.JUDGE),
    Meaning(_CNPG, "spec.instances", "database instances", Aspect.REPLICA, Better.HIGHER, "instances", 1),
    Meaning(_CNPG, "spec.backup.retentionPolicy", "backup retention", Aspect.RETENTION, Better.LONGER, notation=WINDOW),
    # While `enabled` is on the cluster follows another one; switching it off promotes it.
    Meaning(_CNPG, "spec.replica.enabled", "follows another cluster", Aspect.REPLICA, Better.PROMOTE),
    Meaning(
        _CNPG_BACKUP,
        "spec.schedule",
        "backup schedule",
        Aspect.FREQUENCY,
        Better.OFTEN,
        notation=CRON_WITH_SECONDS,
    ),
    Meaning(_CNPG_BACKUP, "spec.suspend", "backup schedule paused", Aspect.FREQUENCY, Better.OFF, default=False),
    Meaning(
        "kubernetes:batch/v1:CronJob",
        "spec.suspend",
        "scheduled job paused",
        Aspect.FREQUENCY,
        Better.OFF,
        default=False,
    ),
    Meaning(
        "kubernetes:batch/v1:CronJob", "spec.schedule", "job schedule", Aspect.FREQUENCY, Better.OFTEN, notation=CRON
    ),
)

KUBERNETES_GUARDS: tuple[Guard, ...] = (
    Guard(_BUDGET, "disruption budget", Aspect.AVAILABILITY),
    Guard(_SCHEDULE, "backup schedule", Aspect.RETENTION),
    Guard(_LOCATION, "backup location", Aspect.RETENTION),
    Guard("kubernetes:velero.io/v1:VolumeSnapshotLocation", "snapshot location", Aspect.RETENTION),
    Guard(_CNPG_BACKUP, "database backup schedule", Aspect.RETENTION),
)

KUBERNETES_STORES: tuple[StoreKind, ...] = (
    StoreKind("kubernetes:core/v1:PersistentVolumeClaim", "volume claim"),
    StoreKind("kubernetes:core/v1:PersistentVolume", "volume"),
    StoreKind("kubernetes:core/v1:Namespace", "namespace", contains=True),
    StoreKind(_STATEFUL, "stateful set"),
    StoreKind(_CNPG, "database", "", "spec.backup.retentionPolicy"),
)
