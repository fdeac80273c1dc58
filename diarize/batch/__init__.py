"""Diarize a folder of recordings with worker processes or on a cluster.

Input: a folder of recordings and settings. Output: results and ``manifest.jsonl``, one line per recording.
The commands import it.

    plan = plan_batch(folder, output, formats=("rttm", "csv"), resume=True)
    report = run_batch(plan, Config(), jobs=4)
    report.count("failed")

Every file is written atomically, so a batch may be killed at any moment and continued with ``resume``.
"""

from diarize.batch.dask_cluster import check_address
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
