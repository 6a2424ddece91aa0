// The manual clock under the name that tests of this repository know; it ships with `aclarai-scheduler/testing`.

export { createManualClock, type ManualClock } from '#testing/manual-clock';
