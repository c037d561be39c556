"""The return flow (数据回流): data that goes back to each level, declared in `contracts/returns/` and compiled against the policies."""
