"""How well this box does on photos whose SKU is known."""
