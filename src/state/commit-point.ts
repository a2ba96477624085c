/** Where a commit can be interrupted, in order. Before `position-committed` nothing of it is kept, from there on all. */
export type CommitPoint = "position-begun" | "position-written" | "position-committed";
