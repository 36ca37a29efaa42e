"""What became of acknowledged writes."""

from collections.abc import Mapping
from datetime import timedelta

from sandbox.ledger import Loss
from sandbox.workload import Workload
from sandbox.workloads.running import Writer


def assert_ledger_survived(
    workload: Workload | Writer, databases: Mapping[str, str], *, rpo: timedelta = timedelta(0)
) -> Loss:
    """
    No order is doubled, and what is lost spans no more than `rpo`; with none allowed, nothing is lost. Gives the truth.
    """
    loss = workload.verify(databases)
    assert loss.acknowledged > 0, "nothing was acknowledged: the proof is empty"
    assert loss.doubled == 0, f"{loss.doubled} orders are there twice"
    assert loss.span_seconds <= rpo.total_seconds(), f"{loss.lost} writes over {loss.span_seconds:.2f} s are lost"
    if not rpo:
        assert loss.lost == 0, f"{loss.lost} acknowledged writes are lost"
    return loss
