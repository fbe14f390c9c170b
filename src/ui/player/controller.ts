// Keeps one item playing: asks, attaches, renews, falls back and recovers. Never: elements, sound or words.
//
//            ask            answer           first picture
//   ┌──────► asking ───────► attaching ───────► playing ◄─┐
//   │          │ 503            │ error            │      │ it plays on
//   │ wait     ▼                ▼                  ▼      │
//   ├─────── busy      media, 422: refuse its codec and ask again, or failed
//   ├─────── lost ◄─── no connection (waits longer each time, or for "online")
//   └─────── (asking) ◄─ 403: the address ran out, ask again at the same place
//            failed ◄─ anything that asking again cannot help; `retry` starts over
import type { Profile } from './capabilities.ts';
import { isHls, type Playback } from './reply.ts';
import { NOTHING_REFUSED, refuse, wishOf, type Choices, type Refused, type Wish } from './wish.ts';

export type Phase = 'asking' | 'attaching' | 'playing' | 'busy' | 'lost' | 'failed';

/** Why nothing plays, as a code of the word list. */
export interface Failure {
  code: string;
  /** The server's own sentence, shown when the code is not in the word list. */
  detail: string;
}

export interface PlayerState {
  phase: Phase;
  playback: Playback | null;
  failure: Failure | null;
  /** Seconds until the next try by itself; 0 when none is planned. */
  retry_in_s: number;
  choices: Choices;
  /** True after a fall-back, so that the viewer can be told. */
  fell_back: boolean;
}

/** What went wrong while playing. Status 0: no answer at all. */
export type Trouble = { kind: 'media' } | { kind: 'network'; status: number; retry_after_s?: number | undefined };

/** A refused request, whatever the transport's error class looks like. */
export interface Refusal {
  status: number;
  code: string;
  detail: string;
  retry_after_s?: number | undefined;
}

export interface Surroundings {
  profile(): Promise<Profile>;
  ask(wish: Wish): Promise<Playback>;
  /** Turns what `ask` threw into a refusal; status 0 for no connection. */
  refusal(error: unknown): Refusal;
  attach(playback: Playback, at_s: number | null): void;
  detach(): void;
  /** Where the viewer is, in seconds; null when nothing has been shown yet. */
  position(): number | null;
  /** Runs `then` once after `ms`; the answer cancels it. */
  after(ms: number, then: () => void): () => void;
  changed(state: PlayerState): void;
}

const LONGEST_WAIT_S = 15;
const RENEWALS_WITHOUT_PROGRESS = 3;
const SERVER_ERRORS_IN_A_ROW = 4;

export class PlayerController {
  state: PlayerState = {
    phase: 'asking',
    playback: null,
    failure: null,
    retry_in_s: 0,
    choices: {},
    fell_back: false,
  };
  #refused: Refused = NOTHING_REFUSED;
  #at: number | null;
  #turn = 0;
  #cancelTimer = () => {};
  #losses = 0;
  #renewals = 0;
  #serverErrors = 0;
  #closed = false;
  readonly #around: Surroundings;

  /** `at_s` null: continue where the server says the viewer stopped. */
  constructor(around: Surroundings, at_s: number | null, choices: Choices = {}) {
    this.#around = around;
    this.#at = at_s;
    this.state = { ...this.state, choices };
  }

  start(): void {
    void this.#ask();
  }

  /** Asks again with another quality or sound, at the same place. */
  choose(choices: Choices): void {
    this.#set({ choices: { ...this.state.choices, ...choices } });
    // A viewer who chooses gets a fresh chance with everything but what proved unplayable.
    this.#refused = { ...this.#refused, max_height: undefined };
    void this.#ask();
  }

  /** The viewer asked to try again. */
  retry(): void {
    this.#refused = NOTHING_REFUSED;
    this.#losses = 0;
    this.#renewals = 0;
    this.#serverErrors = 0;
    void this.#ask();
  }

  /** The connection is said to be back. */
  online(): void {
    if (this.state.phase === 'lost') void this.#ask();
  }

  /** The first picture or sound of an attached address is there. */
  playing(): void {
    if (this.state.phase !== 'attaching') return;
    this.#set({ phase: 'playing', failure: null, retry_in_s: 0 });
  }

  /** Time goes on: what was counted against the connection is forgotten. */
  progressed(): void {
    this.#losses = 0;
    this.#renewals = 0;
    this.#serverErrors = 0;
  }

  trouble(trouble: Trouble): void {
    if (this.#closed || (this.state.phase !== 'attaching' && this.state.phase !== 'playing')) return;
    if (trouble.kind === 'media') this.#fallBack({ code: 'cannot_decode', detail: '' });
    else this.#networkTrouble(trouble.status, trouble.retry_after_s);
  }

  close(): void {
    this.#closed = true;
    this.#turn += 1;
    this.#cancelTimer();
    this.#around.detach();
  }

  // Asks again without the codecs that failed; `last` is said when there is nothing left to leave out.
  #fallBack(last: Failure): void {
    const { playback } = this.state;
    if (!playback) return;
    const sound = playback.audio.find((track) => track.stream === this.state.choices.audio_stream);
    const next = refuse(this.#refused, {
      decision: playback.decision,
      video: playback.video?.codec,
      audio: (sound ?? playback.audio.find((track) => track.default) ?? playback.audio[0])?.codec,
      height: playback.video?.height,
    });
    if (!next) {
      this.#fail(last);
      return;
    }
    this.#refused = next;
    this.#set({ fell_back: true });
    void this.#ask();
  }

  #networkTrouble(status: number, retry_after_s: number | undefined): void {
    if (status === 403 || status === 401) {
      this.#renewals += 1;
      if (this.#renewals > RENEWALS_WITHOUT_PROGRESS) this.#fail({ code: 'address_refused', detail: '' });
      else void this.#ask();
    } else if (status === 503) {
      this.#wait('busy', retry_after_s ?? 5, { code: 'busy', detail: '' });
    } else if (status === 404 || status === 409 || status === 410) {
      this.#fail({ code: 'not_available', detail: '' });
    } else if (status >= 500) {
      this.#serverError({ code: 'server_error', detail: '' });
    } else if (status === 422) {
      // This part cannot be made as it was promised. A copied codec may still be converted; a conversion was the last way.
      this.#fallBack({ code: 'server_error', detail: '' });
    } else if (status >= 400) {
      this.#fail({ code: 'server_error', detail: '' });
    } else {
      this.#lost();
    }
  }

  async #ask(): Promise<void> {
    if (this.#closed) return;
    const turn = (this.#turn += 1);
    this.#cancelTimer();
    this.#at = this.#around.position() ?? this.#at;
    this.#set({ phase: 'asking', failure: null, retry_in_s: 0 });
    try {
      const profile = await this.#around.profile();
      if (turn !== this.#turn) return;
      const playback = await this.#around.ask(wishOf(profile, this.#refused, this.state.choices));
      if (turn !== this.#turn) return;
      // The viewer may have sought while the box was asked.
      this.#at = this.#around.position() ?? this.#at;
      this.#set({ phase: 'attaching', playback });
      this.#around.attach(playback, this.#at);
    } catch (error) {
      if (turn === this.#turn) this.#refusedBy(this.#around.refusal(error));
    }
  }

  #refusedBy(refusal: Refusal): void {
    const failure = { code: refusal.code || 'server_error', detail: refusal.detail };
    if (refusal.status === 0) this.#lost();
    else if (refusal.code === 'disk_not_answering') this.#wait('lost', refusal.retry_after_s ?? 5, failure);
    else if (refusal.status === 503 || refusal.status === 429) this.#wait('busy', refusal.retry_after_s ?? 5, failure);
    else if (refusal.status >= 500) this.#serverError(failure);
    else this.#fail(failure);
  }

  #serverError(failure: Failure): void {
    this.#serverErrors += 1;
    if (this.#serverErrors >= SERVER_ERRORS_IN_A_ROW) this.#fail(failure);
    else this.#wait('lost', this.#serverErrors * 2, failure);
  }

  #lost(): void {
    const wait = Math.min(LONGEST_WAIT_S, 2 ** this.#losses);
    this.#losses += 1;
    this.#wait('lost', wait, null);
  }

  #wait(phase: 'busy' | 'lost', seconds: number, failure: Failure | null): void {
    const turn = (this.#turn += 1);
    this.#cancelTimer();
    const left = Math.max(1, Math.min(120, Math.round(seconds)));
    this.#set({ phase, failure, retry_in_s: left });
    const tick = (rest: number): void => {
      if (turn !== this.#turn) return;
      if (rest <= 0) void this.#ask();
      else {
        this.#set({ retry_in_s: rest });
        this.#cancelTimer = this.#around.after(1000, () => tick(rest - 1));
      }
    };
    tick(left);
  }

  #fail(failure: Failure): void {
    this.#turn += 1;
    this.#cancelTimer();
    this.#at = this.#around.position() ?? this.#at;
    this.#set({ phase: 'failed', failure, retry_in_s: 0 });
    this.#around.detach();
  }

  #set(change: Partial<PlayerState>): void {
    if (this.#closed) return;
    this.state = { ...this.state, ...change };
    this.#around.changed(this.state);
  }
}

/** Sound can be changed without a new address only inside a playlist that has every track. */
export function switchesSoundInPlace(playback: Playback, renditions: number): boolean {
  return isHls(playback) && renditions === playback.audio.length && renditions > 1;
}
