"""Settings of property tests: few examples by default, more with ``MAILPROOF_EXAMPLES=500``."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "mailproof",
    max_examples=int(os.environ.get("MAILPROOF_EXAMPLES", "10")),
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    database=None,
    derandomize="MAILPROOF_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
settings.load_profile("mailproof")
