"""The convex decomposition of EDA: the problem, its solvers, and a proof that a solution is one."""
