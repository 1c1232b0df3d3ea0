/** A Channel in front of another, for who wants to know when calls begin and end. */
import { EtcdError, PendingAnswer, STATUS } from "../wire/index.ts";
import type {
  CallContext,
  Channel,
  Method,
  StreamInput,
  StreamMethod,
  StreamOutput,
  UnaryMethod,
} from "../wire/index.ts";

/** Hears of every call. */
export interface CallObserver {
  /**
   * A call begins; what is returned is called once, when it is over, with the error that ended it
   * where there was one. A stream's request is not known yet.
   */
  began(
    method: Method,
    context: CallContext,
    request: Uint8Array | undefined,
  ): (error?: EtcdError) => void;
}

export class ObservedChannel implements Channel {
  readonly #inner: Channel;
  readonly #observer: CallObserver;

  constructor(inner: Channel, observer: CallObserver) {
    this.#inner = inner;
    this.#observer = observer;
  }

  unary(
    method: UnaryMethod,
    request: Uint8Array,
    context: CallContext,
  ): Uint8Array | PromiseLike<Uint8Array> {
    const over = this.#observer.began(method, context, request);
    const refused = (error: unknown): never => {
      over(asError(error));
      throw error;
    };
    let answer: Uint8Array | PromiseLike<Uint8Array>;
    try {
      answer = this.#inner.unary(method, request, context);
    } catch (error) {
      return refused(error);
    }
    if (answer instanceof Uint8Array) {
      over();
      return answer;
    }
    if (answer instanceof PendingAnswer) return forwarded(answer, over);
    return answer.then((response) => {
      over();
      return response;
    }, refused);
  }

  stream(method: StreamMethod, context: CallContext, output: StreamOutput): StreamInput {
    const began = this.#observer.began(method, context, undefined);
    let isOver = false;
    const over = (error?: EtcdError): void => {
      if (isOver) return;
      isOver = true;
      began(error);
    };
    const observed: StreamOutput = {
      write: (message) => output.write(message),
      end: (error) => {
        over(error);
        output.end(error);
      },
    };
    if (output.writeParts !== undefined) {
      observed.writeParts = (head, blocks): boolean => output.writeParts!(head, blocks);
    }
    const input = this.#inner.stream(method, context, observed);
    return {
      write: (message) => input.write(message),
      end: () => input.end(),
      cancel: () => {
        over(new EtcdError(STATUS.canceled, "context canceled"));
        input.cancel();
      },
      drained: () => input.drained(),
    };
  }
}

/** The answer may have been listened to already where it comes from: so another one stands for it. */
function forwarded(answer: PendingAnswer, over: (error?: EtcdError) => void): PendingAnswer {
  const after = new PendingAnswer();
  answer.listen({
    answered: (response) => {
      over();
      after.resolve(response);
    },
    refused: (error) => {
      over(asError(error));
      after.reject(error);
    },
  });
  return after;
}

/** A Channel refuses with EtcdError only. */
function asError(error: unknown): EtcdError {
  return error instanceof EtcdError ? error : new EtcdError(STATUS.unknown, String(error));
}
