"""How long a build takes, beside the plain app's encoding: python -m benchmarks.build.

The organisations are stored by `import organisations`, the past projects by `import cordis`, both
without a build; then `index build` is run on that store, and once more with nothing new. The plain
app encodes its offers, a part of the same texts, with one thread. The rates of the networks are
printed by `benchmarks.embedding`.
"""

from __future__ import annotations

from benchmarks.asking import table
from benchmarks.generated import GeneratedCorpus
from benchmarks.generated.files import write_cordis, write_ndjson, write_offers
from benchmarks.homes import Homes, Spent, encode_plain, homes_for, options
from benchmarks.plain_app import OFFERS


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--organisations", type=int, default=10_000)
    asked = parser.parse_args()
    corpus = GeneratedCorpus(asked.organisations)
    with homes_for(asked) as homes:
        encoding = plain_encoding(homes, corpus)
        steps = service_steps(homes, corpus)
    whole = steps[0][1] + steps[1][1] + steps[2][1]
    rows = [*steps, ("imports and build", whole), ("plain app, its offers encoded", encoding)]
    offers, facets = count(corpus)
    print(f"{corpus.size:,} organisations, {facets:,} facets of which {offers:,} offers")
    table(
        ("", "seconds", "CPU seconds", "seconds / plain", "CPU / plain"),
        [
            (
                name,
                f"{spent.seconds:.1f}",
                f"{spent.cpu_seconds:.1f}",
                f"{spent.seconds / encoding.seconds:.2f}",
                f"{spent.cpu_seconds / encoding.cpu_seconds:.2f}",
            )
            for name, spent in rows
        ],
    )


def plain_encoding(homes: Homes, corpus: GeneratedCorpus) -> Spent:
    """Return what the plain app's encoding of its offers took."""
    folder = homes.empty("build-plain")
    write_offers(corpus, folder / OFFERS)
    return encode_plain(folder)


def service_steps(homes: Homes, corpus: GeneratedCorpus) -> list[tuple[str, Spent]]:
    """Return what the imports and the builds took."""
    home = homes.empty("build-service")
    table_file, projects = home / "organisations.ndjson", home / "cordis"
    write_ndjson(corpus, table_file)
    write_cordis(corpus, projects)
    steps = {
        "import organisations": ("import", "organisations", str(table_file), "--no-index"),
        "import cordis": ("import", "cordis", str(projects), "--no-index"),
        "index build": ("index", "build"),
        "index build, nothing new": ("index", "build"),
    }
    return [(name, homes.flask(home, *arguments)) for name, arguments in steps.items()]


def count(corpus: GeneratedCorpus) -> tuple[int, int]:
    """Return the numbers of offers and of facets."""
    organisations = [organisation for organisation, _ in corpus.organisations()]
    facets = sum(len(one.facets) for one in organisations) + corpus.project_count
    return sum(len(one.offers) for one in organisations), facets


if __name__ == "__main__":
    main()
