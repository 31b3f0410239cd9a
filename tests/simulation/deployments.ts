import { PutObjectCommand } from "@aws-sdk/client-s3";
import type { Contract } from "../../config/contract.ts";
import type { Release } from "../../handlers/release.ts";
import { releaseObjects } from "../handlers/releaseObjects.ts";
import type { MemoryS3 } from "./s3/memoryS3.ts";
import type { World } from "./world.ts";

/** What a deployment pointed to. */
export interface Deployment {
  /** The pointer's LastModified: milliseconds since the epoch, in whole seconds. */
  readonly sequence: number;
  readonly at: number;
  readonly contract: Contract;
  readonly release: Release;
}

/** Since when a file's name is declared without a break; null when it is not. The first release has all there is. */
export type DeclaredSince = ReadonlyMap<string, number>;

const filesOf = ({ datasets }: Contract) =>
  Object.values(datasets).flatMap(({ file, formats }) => formats.map((format) => `${file}.${format}`));

/** The releases that the stack has pointed to, oldest first. */
export class Deployments {
  readonly all: Deployment[] = [];
  readonly #world: World;
  readonly #s3: MemoryS3;
  #declared: DeclaredSince = new Map();

  constructor(world: World, s3: MemoryS3, contract: Contract) {
    this.#world = world;
    this.#s3 = s3;
    this.deploy(contract);
  }

  get current(): Deployment {
    return this.all.at(-1)!;
  }

  get declared(): DeclaredSince {
    return this.#declared;
  }

  /** Uploads what is new, and points to it. */
  deploy(contract: Contract): void {
    const number = this.all.length + 1;
    const hasEmbedded = this.#world.chance.weighted(`release ${number}/engine`, [3, 1]) === 0;
    // Files are small here, so one limit takes all of them.
    const embedded = hasEmbedded ? { functionArn: `arn:aws:lambda:::function:embedded:${number}`, upTo: 1e6 } : null;
    const { release, objects } = releaseObjects(contract, "artifacts", `engine ${number}`, embedded);
    for (const { key, content } of objects)
      this.#s3.apply(new PutObjectCommand({ Bucket: "artifacts", Key: key, Body: content }));
    const sequence = Math.floor(this.#world.now / 1000) * 1000;
    const isFirst = this.all.length === 0;
    this.#declared = new Map(
      filesOf(contract).map((file) => [file, this.#declared.get(file) ?? (isFirst ? 0 : sequence)]),
    );
    this.all.push({ sequence, at: this.#world.now, contract, release });
  }

  /** The one that a run was claimed with. */
  of({ contract, engine }: Release): Deployment {
    const found = this.all.find(
      ({ release }) => release.contract.sha256 === contract.sha256 && release.engine.sha256 === engine.sha256,
    );
    if (!found) throw new Error(`no deployment points to ${contract.uri} and ${engine.uri}`);
    return found;
  }

  /** What was pointed to at a time. */
  pointedToAt(time: number): Deployment {
    return this.all.findLast(({ at }) => at <= time) ?? this.all[0]!;
  }

  /** The newest that a document which was judged by `sequence` knows. */
  at(sequence: number): Deployment {
    return this.all.findLast((one) => one.sequence <= sequence) ?? this.all[0]!;
  }
}
