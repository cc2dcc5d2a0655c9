"""Words of an invented grocery, for brands, products and small print."""

from __future__ import annotations

import numpy as np

__all__ = ["brand", "flavour", "product", "slogan", "small_print"]

_START = (
    "ba be bo bri ca ce cla da del do du el es fa fi flo ga gre ha he ho ir ja jo ka ke ko la le lu ma me mo na ne no "
    "o pa pe pi pra qui ra re ri ro sa se so sta ta te to tri u va ve vi wa we yo za zo"
).split()
_MIDDLE = "la li lo na ne ni no ra re ri ro sa se so ta te to va ve vi da de di mo ma mi ba bo go ga".split()
_END = "na nia ro ra sto la lis lor nta x no ne ris tto vita ma mo di do ck lt nd rn rt ss l n r s a o".split()
_THINGS = (
    "Oat Clusters,Corn Rings,Rice Crackers,Wholegrain Bites,Butter Biscuits,Herbal Tea,Green Tea,Ground Coffee,Cocoa "
    "Powder,Pasta,Fusilli,Lasagne,Couscous,Muesli,Granola,Wafers,Cookies,Crispbread,Soup Mix,Pancake Mix,Baking Mix,"
    "Chocolate,Pralines,Toffees,Fruit Bars,Nut Bars,Raisins,Fish Fillets,Pizza,Spinach,Washing Powder,Soap,Tooth Paste,"
    "Tissues,Plasters,Vitamins,Cough Drops,Light Bulbs,Batteries,Candles"
).split(",")
_FLAVOURS = (
    "Honey,Almond,Cocoa,Vanilla,Cinnamon,Apple,Banana,Cherry,Berry,Lemon,Orange,Peach,Mint,Ginger,Chamomile,Hibiscus,"
    "Classic,Original,Intense,Mild,Dark,Milk,Crunchy,Tomato,Basil,Pepper,Paprika,Onion,Cheese,Seaweed,Coconut,Caramel,"
    "Hazelnut,Walnut,Pumpkin,Spelt,Rye,Sesame,Lavender,Aloe"
).split(",")
_SLOGANS = (
    "the good start,since 1921,family recipe,from the mill,crispy & light,with sea salt,no added sugar,rich in fibre,"
    "ready in 5 minutes,made with care,a taste of summer,extra fine,slow roasted,hand picked,naturally mild,new recipe"
).split(",")
_PRINT = (
    "ingredients wheat flour sugar oil salt may contain traces of nuts store in a cool dry place best before see base "
    "energy per 100 g fat of which saturates carbohydrate fibre protein recycle this carton please net weight"
).split()


def brand(rng: np.random.Generator) -> str:
    """Return a name that sounds like a brand's."""
    middle = "".join(rng.choice(_MIDDLE) for _ in range(int(rng.integers(0, 3))))
    name = f"{rng.choice(_START)}{middle}{rng.choice(_END)}"
    return name.upper() if rng.random() < 0.45 else name.capitalize()


def product(rng: np.random.Generator) -> str:
    """Return what is in the box."""
    return str(rng.choice(_THINGS))


def flavour(rng: np.random.Generator) -> str:
    """Return one or two flavours."""
    first, second = rng.choice(_FLAVOURS, 2, replace=False)
    return f"{first} & {second}" if rng.random() < 0.3 else str(first)


def slogan(rng: np.random.Generator) -> str:
    """Return what brands say."""
    return str(rng.choice(_SLOGANS))


def small_print(rng: np.random.Generator, count: int) -> list[str]:
    """Return ``count`` lines of small print."""
    return [" ".join(rng.choice(_PRINT, int(rng.integers(3, 7)))) for _ in range(count)]
