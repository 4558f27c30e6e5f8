"""A report for people: tables on the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from ocrgan_training.evaluation.alarms import AlarmFigures
from ocrgan_training.evaluation.report import Report, Row


def print_report(report: Report, console: Console) -> None:
    """Prints all tables and notes of a report."""
    console.print(_heading(report), highlight=False)
    if report.labelled:
        console.print(_frames_table(report))
    console.print(_alarms_table(report))
    if any(row.silent for row in report.rows):
        console.print(_silent_table(report))
    if any(row.kinds for row in report.rows):
        console.print(_kinds_table(report))
    if report.labelled:
        console.print(_terms_table(report))
    if report.agreements:
        console.print(_agreements_table(report))
    for note in report.notes:
        console.print(f"[yellow]note:[/yellow] {note}", highlight=False, soft_wrap=True)


def _heading(report: Report) -> str:
    return (
        f"[bold]{report.bundle}[/bold] on {report.data}: {report.clips} clips, "
        f"{report.frames} frames, {report.abnormal_frames} abnormal, a window every "
        f"{report.hop} frames"
    )


def _frames_table(report: Report) -> Table:
    protocols = list(report.rows[0].frames)
    smoothed = f"paper: Gaussian over time, σ = {report.sigma:g} frames"
    table = _table("Detection per frame", f"causal is the headline; {smoothed}")
    for protocol in protocols:
        for figure in ("AUC", "macro", "AP", "EER"):
            if figure == "AUC" or protocol == "causal":
                table.add_column(f"{protocol}\n{figure}", justify="right")
    if report.pixel_stride is not None:
        table.add_column("causal\npixel AUC", justify="right")
    table.add_column("windows/s", justify="right")
    for row in report.rows:
        table.add_row(row.name, *_frame_cells(row, report))
    return table


def _frame_cells(row: Row, report: Report) -> list[str]:
    cells = []
    for protocol, figures in row.frames.items():
        cells.append(_number(figures.auc))
        if protocol == "causal":
            rest = (figures.macro_auc, figures.average_precision, figures.equal_error_rate)
            cells += [_number(value) for value in rest]
    if report.pixel_stride is not None:
        cells.append(_number(row.pixel_auc))
    return [*cells, _number(row.windows_per_second, ".1f")]


def _alarms_table(report: Report) -> Table:
    return _alarms(
        "Alarms at the threshold read from normal video",
        "false alarms per hour with the one-sided 95 % Poisson bound; precision, recall and F1 are "
        "of frames with an alarm on",
        {row.name: row.alarms for row in report.rows},
    )


def _silent_table(report: Report) -> Table:
    rows = [row for row in report.rows if row.silent]
    table = _table(
        "Alarms at thresholds that raise none on the held-out normal clips",
        "by distance from the median of normal life; × 1 is the lowest, with no margin: what the "
        "ranks would allow, not what a user gets. Events found, median delay in s, false alarms",
    )
    for margin in rows[0].silent:
        table.add_column(f"× {margin:g}", justify="right")
    for row in rows:
        cells = (
            f"{found.found} of {found.events}, {_number(found.median_delay, '.1f')}, "
            f"{found.false_alarms}"
            for found in row.silent.values()
        )
        table.add_row(row.name, *cells)
    return table


def _alarms(title: str, caption: str, rows: Mapping[str, AlarmFigures | None]) -> Table:
    table = _table(title, caption)
    for column in ("threshold", "events\nfound", "median\ndelay s", "false\nalarms"):
        table.add_column(column, justify="right")
    for column in ("per hour\n(bound)", "precision", "recall", "F1"):
        table.add_column(column, justify="right")
    for name, found in rows.items():
        if found is not None:
            table.add_row(name, *_alarm_cells(found))
    return table


def _alarm_cells(found: AlarmFigures) -> list[str]:
    rate = _number(found.false_alarms_per_hour, ".1f")
    bound = _number(found.false_alarms_per_hour_bound, ".1f")
    return [
        f"{found.threshold:.3f}",
        f"{found.found} of {found.events}",
        _number(found.median_delay, ".1f"),
        f"{found.false_alarms} in {found.normal_hours * 60:.1f} min",
        f"{rate} (≤ {bound})",
        _number(found.precision),
        _number(found.frame_recall),
        _number(found.f1),
    ]


def _kinds_table(report: Report) -> Table:
    rows = [row for row in report.rows if row.kinds]
    table = _table("By kind of anomaly", "events found, and their median delay in seconds")
    for row in rows:
        table.add_column(row.name, justify="right")
    for kind in rows[0].kinds:
        cells = []
        for row in rows:
            found = row.kinds[kind]
            delay = _number(found.median_delay, ".1f")
            cells.append(f"{found.found} of {found.events}, {delay}")
        table.add_row(kind, *cells)
    return table


def _terms_table(report: Report) -> Table:
    table = _table(
        "Each term alone: causal frame AUC of its largest value over the map",
        "raw | in units of what is usual at each place",
    )
    targets = list(report.terms)
    for target in targets:
        table.add_column(target, justify="right")
    for term in report.terms[targets[0]]:
        found = [report.terms[target][term] for target in targets]
        table.add_row(term, *(f"{_number(one.raw)} | {_number(one.by_place)}" for one in found))
    return table


def _agreements_table(report: Report) -> Table:
    table = _table("Agreement of graphs", "")
    for column in ("with", "rank correlation", "largest\ndifference", "ΔAUC", "alarms agree"):
        table.add_column(column, justify="right")
    for name, found in report.agreements.items():
        difference = _number(found.auc_difference, "+.4f")
        agree = f"{found.alarm_agreement:.2%}"
        largest = f"{found.largest_difference:.2g}"
        table.add_row(name, found.reference, f"{found.spearman:.4f}", largest, difference, agree)
    return table


def _table(title: str, caption: str) -> Table:
    return Table("", title=title, caption=caption or None, title_justify="left")


def _number(value: float | None, form: str = ".3f") -> str:
    return "–" if value is None else format(value, form)
