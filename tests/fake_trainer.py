"""Stands in for `trainer.task` in a trial; does what FAKE_TRAINER says.

That is JSON: number of a trial, or "" for all others, to
`values`: what is reported, one a step; `seconds`: a step; `says`: its last
words; `exit_code`; `stays`: SIGTERM does not end it.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from hypertune import HyperTune

METRIC = "val_loss"


def main():
    flags = dict(each[2:].split("=", 1) for each in sys.argv[1:])
    number = os.environ["CLOUD_ML_TRIAL_ID"]
    folder = Path(flags["output_dir"], number)
    plans = json.loads(os.environ["FAKE_TRAINER"])
    plan = plans.get(number, plans[""])
    if plan.get("stays"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Ctrl-C reaches all of a terminal's processes, unless they left its group.
    signal.signal(signal.SIGINT, lambda *_: (folder / "interrupted").touch())
    with open(folder / "starts", "a") as starts:
        starts.write(json.dumps({"flags": flags, "began": time.time()}) + "\n")
    service = HyperTune()
    for step, value in enumerate(plan.get("values", [0.5]), 1):
        time.sleep(plan.get("seconds", 0))
        service.report_hyperparameter_tuning_metric(METRIC, value, step)
    settings = {**flags, "output_dir": str(folder), "batch_size": 7}
    (folder / "config.json").write_text(json.dumps({"settings": settings}))
    (folder / "ended").write_text(str(time.time()))
    sys.stderr.write(plan.get("says", "all is well") + "\n")
    return plan.get("exit_code", 0)


if __name__ == "__main__":
    sys.exit(main())
