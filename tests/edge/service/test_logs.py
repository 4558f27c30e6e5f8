import json
import logging

from ocrgan_edge.service.logs import JsonFormatter


def test_a_json_log_line_has_time_level_logger_and_message() -> None:
    record = logging.LogRecord("ocrgan_edge.x", logging.WARNING, "", 1, "cam %s", ("ü",), None)
    record.created = 0.5
    assert json.loads(JsonFormatter().format(record)) == {
        "time": "1970-01-01T00:00:00.500000+00:00",
        "level": "warning",
        "logger": "ocrgan_edge.x",
        "message": "cam ü",
    }
