"""What a text stands for: characters and words that stand for nothing, and what fits into a cell on its way out."""
