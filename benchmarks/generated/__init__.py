"""Generated corpora of any size, and questions about them, for measuring speed.

Everything is drawn from a seed. Names end with "(generated)".
"""

from benchmarks.generated.corpus import GeneratedCorpus
from benchmarks.generated.questions import GeneratedQuestion, questions

__all__ = ["GeneratedCorpus", "GeneratedQuestion", "questions"]
