/** Why a file is not promoted. */
export interface FileFault {
  readonly code: string;
  /** What is wrong. */
  readonly reason: string;
  /** What its producer has to do. */
  readonly fix: string;
}

/** A file that can't be read as records at all. */
export class FaultyText extends Error implements FileFault {
  override readonly name = "FaultyText";
  readonly code: string;
  readonly reason: string;
  readonly fix: string;
  constructor(code: string, reason: string, fix: string) {
    super(reason);
    this.code = code;
    this.reason = reason;
    this.fix = fix;
  }
}

export const oneObjectALine = "write one JSON object a line";
export const uploadWhole = "upload the whole file";
