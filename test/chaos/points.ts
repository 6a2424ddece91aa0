// Where the service may be killed: every await between due, queued, running and settled, and those of start and stop.

/** In the order in which a life goes through them; `random` are instants that nobody chose. */
export const POINTS = {
  'beginBoot before': 'start',
  'beginBoot after': 'start',
  'recover before': 'start',
  'recover during': 'start',
  'recover after': 'start',
  'reconcile before': 'start',
  'reconcile during': 'start',
  'reconcile after': 'start',
  'startup run before': 'start',
  'startup run during': 'start',
  'startup run after': 'start',
  'tick before': 'start',
  'tick after': 'start',
  'observe before': 'due → queued',
  'observe after': 'due → queued',
  'fire before': 'due → queued',
  'fire during': 'due → queued',
  'fire after': 'due → queued',
  'claim before': 'queued → running',
  'claim during': 'queued → running',
  'claim after': 'queued → running',
  'claimed by fire': 'queued → running',
  'claimed by settle': 'queued → running',
  'handler entered': 'running → settled',
  'handler at work': 'running → settled',
  'handler done': 'running → settled',
  'stopping before': 'running → settled',
  'stopping after': 'running → settled',
  'settle before': 'running → settled',
  'settle during': 'running → settled',
  'settle after': 'running → settled',
  'check before': 'upkeep',
  'check after': 'upkeep',
  'cleaning before': 'upkeep',
  'cleaning after': 'upkeep',
  'reload before': 'reload',
  'reload during': 'reload',
  'reload after': 'reload',
  'giving back before': 'stop',
  'giving back after': 'stop',
  'endBoot before': 'stop',
  'endBoot after': 'stop',
  'random, starting': 'random',
  'random, up': 'random',
  'random, stopping': 'random',
} as const;

export type Point = keyof typeof POINTS;
export type Stage = (typeof POINTS)[Point];
/** Called where a life may end. Returns where this is not the point it is to end at. */
export type Hit = (point: Point) => void;

export const ALL_POINTS = Object.keys(POINTS) as Point[];
