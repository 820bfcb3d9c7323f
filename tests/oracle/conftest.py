# Lets the oracle's modules find each other under pytest too. Twins: none.
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
