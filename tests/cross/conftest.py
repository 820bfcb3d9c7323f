"""Each engine beside Python, as a fixture."""

import pytest

from engine_runs import run_on
from twinprop.engines import ENGINES


@pytest.fixture(params=[name for name in ENGINES if name != "python"])
def engine(request):
    """Each engine beside Python, as a function that trains a plan; its name is `engine.name`."""

    def run(plan):
        return run_on(request.param, plan)

    run.name = request.param
    return run
