"""Returns (数据回流): what goes back to each level, declared in `contracts/returns/`, compiled against the policies before it runs."""
