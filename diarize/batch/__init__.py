"""Many recordings into one folder: planned, shared among workers here or on a cluster, written down line by
line.

    plan = planned(folder, output, formats=("rttm", "csv"), resume=True)
    report = run_batch(plan, Config(), jobs=4)
    report.count("failed")

Every file of results is there whole or not at all, and ``manifest.jsonl`` says what came of every recording;
so a batch may be killed at any moment and go on later with ``resume``.
"""

from diarize.batch.cluster import check_address
from diarize.batch.manifest import MANIFEST
from diarize.batch.plan import Plan, Task, plan_batch
from diarize.batch.run import BatchReport, run_batch
from diarize.batch.worker_pool import available_cores

__all__ = [
    "MANIFEST",
    "BatchReport",
    "Plan",
    "Task",
    "available_cores",
    "check_address",
    "plan_batch",
    "run_batch",
]
