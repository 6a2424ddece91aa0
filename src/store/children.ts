// What a store promises of processes that run the code of jobs: whoever starts after a crash knows what was left (rule 10).

export interface ChildProcessRow {
  bootId: string;
  jobId: string;
  pid: number;
  /** All processes of it are ended as one. */
  group: number;
  /** With the pid no other process has the same; empty where the system does not tell. */
  started: string;
}

export interface ChildPromises {
  /** Before any code of the job is in it. The same process again is noted once. */
  noteChild(child: ChildProcessRow): Promise<void>;
  /** It is gone. */
  forgetChild(child: Pick<ChildProcessRow, 'pid' | 'started'>): Promise<void>;
  /** Of boots other than `bootId`, by pid. */
  childrenOfOthers(bootId: string): Promise<ChildProcessRow[]>;
}
