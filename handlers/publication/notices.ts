import { PublishCommand } from "@aws-sdk/client-sns";
import { bounded, longestMessage } from "../bounded.ts";
import type { Sns } from "../clients.ts";
import type { LedgerDocument, NoticeEffect } from "../ledger/document.ts";

/** What people are told. */
export interface Notice {
  readonly subject: string;
  readonly text: string;
}

/** Reaches people; a notice may come twice. */
export interface Notices {
  send(notice: Notice): Promise<void>;
}

/** What the notice is about. */
export interface Subject {
  readonly pipeline: string;
  readonly environment: string;
  readonly batch: string;
}

/** Says how a run has ended, with the reason in the first line, and after a failure what to do next. */
export function noticeOf(
  { pipeline, environment, batch }: Subject,
  { published }: LedgerDocument,
  { run, ended, reason }: NoticeEffect,
): Notice {
  const subject = `${pipeline} ${environment} ${batch}: run ${run} ${endings[ended]}`;
  const first = reason === null ? subject : `${subject}: ${reason.replace(/\s+/g, " ")}`;
  const readers = published ? `Readers get run ${published.run}.` : "Nothing has been published so far.";
  const next = ended === "failed" ? `What to do: npm run pipeline -- explain ${batch} --stack ${environment}\n` : "";
  const rest = `\n\n${readers}\n${next}`;
  return { subject, text: `${bounded(first, longestMessage - Buffer.byteLength(rest))}${rest}` };
}

const endings = {
  published: "is published",
  superseded: "has ended well after a newer one and is not published",
  failed: "has failed",
} as const satisfies Record<NoticeEffect["ended"], string>;

/** SNS refuses a subject of more than 99 characters, or with characters other than these. */
const longestSubject = 99;
const notInSubject = /[^ -~]/g;

export function createNotices(sns: Sns, topicArn: string): Notices {
  return {
    async send({ subject, text }) {
      const Subject = subject.replace(notInSubject, "?").slice(0, longestSubject);
      await sns.send(new PublishCommand({ TopicArn: topicArn, Subject, Message: text }));
    },
  };
}
