"""MakeHuman materials (.mhmat): the colours, the texture, and whether light comes through."""

from dataclasses import dataclass
from pathlib import Path

from metricpose._errors import FileError, InputError


@dataclass(frozen=True, kw_only=True)
class Material:
    """What a garment is made of. Colours are sRGB in [0, 1]; `texture` is as named, or None; it may not exist."""

    name: str
    texture: Path | None = None
    diffuse: tuple[float, float, float] = (1.0, 1.0, 1.0)
    shininess: float = 0.2
    opacity: float = 1.0
    transparent: bool = False
    both_sides: bool = False

    @property
    def roughness(self) -> float:
        """0 mirror to 1 dull. MakeHuman calls cloth up to 0.5 shiny: half of it is taken."""
        return 1.0 - 0.5 * min(max(self.shininess, 0.0), 1.0)


def read_mhmat(path: Path | str) -> Material:
    """The material of a .mhmat file. Raises FileError when it cannot be read, InputError when a value is not one."""
    source = Path(path)
    try:
        text = source.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise FileError(f"material: cannot read {path}: {error.strerror or error}") from error
    return parsed_mhmat(text, source)


def parsed_mhmat(text: str, source: Path) -> Material:
    """As `read_mhmat`, of a text; textures are looked for beside `source`."""
    fields: dict[str, list[str]] = {}
    for line in text.splitlines():
        words = line.split()
        if words and not words[0].startswith(("#", "//")):
            fields[words[0]] = words[1:]
    try:
        red, green, blue = (float(word) for word in fields.get("diffuseColor", ["1", "1", "1"]))
        return Material(
            name=" ".join(fields.get("name", [])) or source.stem,
            texture=source.parent / " ".join(fields["diffuseTexture"]) if fields.get("diffuseTexture") else None,
            diffuse=(red, green, blue),
            shininess=float(fields.get("shininess", ["0.2"])[0]),
            opacity=float(fields.get("opacity", ["1"])[0]),
            transparent=_is_true(fields.get("transparent")),
            both_sides=not _is_true(fields.get("backfaceCull", ["True"])),
        )
    except (ValueError, IndexError) as error:
        raise InputError(f"material {source}: expected numbers after its keys, got a damaged line: {error}") from error


def _is_true(words: list[str] | None) -> bool:
    return bool(words) and words[0].lower() in ("true", "1", "yes")
