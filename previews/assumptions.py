"""
Figures that a preview cannot hold, in seconds. A forecast is an estimate; drills measure.

Times of recovery steps are those of `model.step_times`, each with its source there. What a plan says itself
(lag, archive interval, detection, TTL) takes the place of what stands here.
"""

from __future__ import annotations

from model import step_times
from model.clouds import CLOUDS
from model.step_times import DEFAULTS
from model.stores.objects import COPY_TIME

MINUTE = 60.0
HOUR = 3600.0

# How much a copy may lack.
REPLICA_LAG = 5 * MINUTE  # assumed: asynchronous replica between regions under load
LOG_INTERVAL = 5 * MINUTE  # RDS and DynamoDB documentation: restorable to about five minutes before now
GEO_BACKUP = 1 * HOUR  # Azure Database documentation: geo-restore loses up to one hour
OBJECT_REPLICATION = COPY_TIME.total_seconds()
SNAPSHOT = 24 * HOUR  # one automated snapshot a day, where no schedule says otherwise
GLOBAL_TABLE = 1 * MINUTE  # assumed: DynamoDB documents replication within seconds, mostly under one

# How long the way back takes.
DETECT = 90.0  # three failed checks, 30 seconds apart
DNS_TTL = 60.0  # assumed where no record says its TTL
DECIDE = {automation: time.typical for automation, time in step_times.DECISIONS.items()}
RESTART = DEFAULTS["restart_service"].typical
# A resource does not say how fast its cloud is: these are of the one that most has been written about.
_CLOUD = CLOUDS["aws"]
STANDBY = _CLOUD.step_times["fail_over_database"].typical
PROMOTE = _CLOUD.step_times["promote_database"].typical
RESTORE = _CLOUD.step_times["build_store"].typical
RESTORE_PER_GB = _CLOUD.restore_a_gb
START_TIER = DEFAULTS["start_service"].typical
COLD_START = _CLOUD.step_times["build_compute"].typical
