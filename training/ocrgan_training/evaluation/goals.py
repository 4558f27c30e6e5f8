"""What a release must reach, checked by `ocrgan-evaluate --gate`."""

from __future__ import annotations

from ocrgan_training.evaluation.report import Agreement, Report, Row

LEAST_SPEARMAN = 0.99
MOST_AUC_DIFFERENCE = 0.005
LEAST_ALARM_AGREEMENT = 0.99


def missed_goals(report: Report) -> list[str]:
    """One sentence for each goal that was missed; none if all were reached.

    Every graph must detect better than both baselines, and every other graph must agree with the
    reference graph.
    """
    missed = [
        f"{name}: {text}"
        for name, found in report.agreements.items()
        for text in _disagreements(found)
    ]
    best = max((row for row in report.rows if row.kind == "baseline"), key=_auc, default=None)
    for row in report.rows:
        if row.kind == "graph" and best is not None and not _auc(row) > _auc(best):
            missed.append(
                f"{row.name}: frame AUC is {_auc(row):.3f}, not above {_auc(best):.3f} "
                f"of {best.name}, which learns nothing"
            )
    return missed


def _auc(row: Row) -> float:
    figures = row.frames.get("causal")
    return -1.0 if figures is None or figures.auc is None else figures.auc


def _disagreements(found: Agreement) -> list[str]:
    texts = []
    if not found.spearman >= LEAST_SPEARMAN:
        texts.append(f"rank correlation is {found.spearman:.4f}, wanted {LEAST_SPEARMAN}")
    if found.auc_difference is not None and abs(found.auc_difference) > MOST_AUC_DIFFERENCE:
        texts.append(
            f"frame AUC differs by {found.auc_difference:+.4f}, wanted ±{MOST_AUC_DIFFERENCE}"
        )
    if not found.alarm_agreement >= LEAST_ALARM_AGREEMENT:
        texts.append(
            f"alarms agree in {found.alarm_agreement:.2%} of frames, wanted "
            f"{LEAST_ALARM_AGREEMENT:.0%}"
        )
    return [f"{text} (against {found.reference})" for text in texts]
