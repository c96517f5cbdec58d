"""The section `site:` and what stands in it, one pydantic model each."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kener_py.config.addresses import ContactAddress, FilePath, LinkAddress, PictureName, SiteUrl
from kener_py.config.fields import COLOR_SHAPE, FILLED, AnyText, Flag, HexColor, Short, Text, or_reference
from kener_py.config.shapes import Embedders, Language, Section
from kener_py.config.times import Moment, Zone


class ColorSection(Section, title="Colour"):
    """A colour of each theme."""

    light: HexColor | None = Field(
        default=None, title="Light", description="On the light page.", examples=["#06a880"]
    )
    dark: HexColor | None = Field(
        default=None, title="Dark", description="On the dark page.", examples=["#4db296"]
    )


ColorOfBoth = Annotated[
    ColorSection,
    Short(
        'a colour in quotes such as "#06a880", or light and dark',
        ("light", "dark"),
        or_reference(COLOR_SHAPE),
    ),
]


class ColorsSection(Section, title="Colours"):
    """Colours in place of the page's own, as #rgb or #rrggbb: one for both themes, or light and dark."""

    up: ColorOfBoth | None = Field(
        default=None, title="Up", description="Of what is up.", examples=["#06a880"]
    )
    degraded: ColorOfBoth | None = Field(
        default=None, title="Degraded", description="Of what is degraded.", examples=["#b06304"]
    )
    down: ColorOfBoth | None = Field(
        default=None,
        title="Down",
        description="Of what is down.",
        examples=[{"light": "#890c2c", "dark": "#d92c26"}],
    )
    maintenance: ColorOfBoth | None = Field(
        default=None, title="Maintenance", description="Of maintenance.", examples=["#6260a2"]
    )
    no_data: ColorOfBoth | None = Field(
        default=None, title="No data", description="Of time without data.", examples=["#787b84"]
    )
    accent: ColorOfBoth | None = Field(
        default=None,
        title="Accent",
        description="Of links under the pointer and of what has the focus.",
        examples=[{"light": "#1d5fd1", "dark": "#8ab4f8"}],
    )
    background: ColorOfBoth | None = Field(
        default=None,
        title="Background",
        description="The page's ground.",
        examples=[{"light": "#ffffff", "dark": "#09090b"}],
    )
    text: ColorOfBoth | None = Field(
        default=None, title="Text", description="Of text.", examples=[{"light": "#18181b", "dark": "#f4f4f5"}]
    )


class LinkSection(Section, title="Link"):
    """A link in the page's header."""

    name: Text = Field(title="Name", description="What it says.", examples=["Support"])
    url: LinkAddress = Field(
        title="Address",
        description="https://, http:// or mailto:, or a path on this host.",
        examples=["https://example.org/support"],
    )


class AnnouncementSection(Section, title="Announcement"):
    """What is to be read before everything else on the front page."""

    text: Text = Field(title="Text", description="Markdown.", examples=["We move on **Sunday**."])
    title: AnyText = Field(default="", title="Title", description="Above the text.", examples=["We move"])
    until: Moment | None = Field(
        default=None,
        title="Until",
        description="From then on it is gone; in the site's zone if it has no offset.",
        examples=["2026-12-01 22:00"],
    )


class SiteSection(Section, title="Site"):
    """What visitors see around the monitors."""

    title: Text = Field(
        default="Status", title="Title", description="The page's name.", examples=["Example status"]
    )
    url: SiteUrl = Field(
        default="",
        title="Public address",
        description="Where visitors reach the page; it stands in messages, feeds and badges.",
        examples=["https://status.example.org"],
    )
    timezone: Zone = Field(
        default="UTC",
        title="Time zone",
        description="Days of the page are days of this zone; a cron without its own zone uses it too.",
        examples=["Europe/Berlin"],
    )
    language: Language = Field(
        default="en",
        title="Language",
        description="Of the page, for visitors whose browser asks for none that it speaks.",
        examples=["de"],
    )
    description: AnyText = Field(
        default="",
        title="Description",
        description="A sentence under the title.",
        examples=["Is everything up?"],
    )
    logo: PictureName | None = Field(
        default=None,
        title="Logo",
        description="An image: a file (relative to this one), its address, or a path on this host.",
        examples=["logo.svg", "https://example.org/logo.svg"],
    )
    favicon: PictureName | None = Field(
        default=None,
        title="Favicon",
        description="The browser tab's image, as `logo`; the state's by default.",
        examples=["favicon.png"],
    )
    colors: ColorsSection | None = Field(
        default=None,
        title="Colours",
        description="Colours in place of the page's own; `kener-py check` measures them.",
        examples=[{"up": "#06a880"}],
    )
    links: list[LinkSection] = Field(
        default=[],
        title="Links",
        description="Links of your own in the page's header.",
        examples=[[{"name": "Support", "url": "https://example.org/support"}]],
    )
    announcement: (
        Annotated[AnnouncementSection, Short("a text, or text with a title", ("text",), FILLED)] | None
    ) = Field(
        default=None,
        title="Announcement",
        description="What is to be read first on the front page: Markdown, or text with title and until.",
        examples=["We move on **Sunday**."],
    )
    footer: AnyText = Field(
        default="", title="Footer", description="Text at the page's end, Markdown.", examples=["Run by Ops"]
    )
    css: FilePath | None = Field(
        default=None,
        title="Style",
        description="A CSS file, relative to this one, that is added to the page's own.",
        examples=["custom.css"],
    )
    powered_by: Flag = Field(
        default=True,
        title="Powered by",
        description="Whether the page says what it runs on.",
        examples=[False],
    )
    security_contact: ContactAddress | None = Field(
        default=None,
        title="Security contact",
        description="mailto: or https://: whom to tell of a hole, in /.well-known/security.txt.",
        examples=["mailto:security@example.org"],
    )
    embeds: Embedders = Field(
        default=["*"],
        title="Embeds",
        description="Whose pages may show parts of this one: * for anyone's, false for nobody's, or origins.",
        examples=[False, ["https://example.org", "https://*.example.org"]],
    )
