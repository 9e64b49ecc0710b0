"""What only `dram dev` asks for. It is imported where the configuration names it, and in no other server."""
