/**
 * Keys follow one another: once a newer one has signed a checkpoint of a log, an earlier one has nothing to say about
 * that size or a larger one. Whoever gets hold of a key that was replaced cannot seal with it what never was.
 */
export interface SignedSize {
  /** Place among the keys, newest first. */
  readonly signedBy: number;
  readonly size: number;
  readonly where: string;
}

export interface Violation extends SignedSize {
  /** The smallest size that a newer key signed. */
  readonly replacedAt: number;
}

export interface KeySuccession {
  add(signed: SignedSize): void;
  violations(): readonly Violation[];
}

export function createKeySuccession(): KeySuccession {
  const all: SignedSize[] = [];
  const smallest = new Map<number, number>();
  return {
    add(signed) {
      const { signedBy, size } = signed;
      smallest.set(signedBy, Math.min(size, smallest.get(signedBy) ?? Number.POSITIVE_INFINITY));
      // By the newest key nothing is signed too late.
      if (signedBy > 0) all.push(signed);
    },
    violations() {
      return all.flatMap((signed) => {
        const newer = [...smallest].filter(([key]) => key < signed.signedBy).map(([, size]) => size);
        const replacedAt = Math.min(...newer);
        return signed.size >= replacedAt ? [{ ...signed, replacedAt }] : [];
      });
    },
  };
}
