import type { Benchmark } from "./benchmark.ts";
import { embedded } from "./benchmarks/embedded.ts";
import { generator } from "./benchmarks/generator.ts";
import { promote } from "./benchmarks/promote.ts";
import { settle } from "./benchmarks/settle.ts";
import { setup } from "./benchmarks/setup.ts";
import { spark } from "./benchmarks/spark.ts";
import { start } from "./benchmarks/start.ts";
import { typing } from "./benchmarks/typing.ts";

export const benchmarks: readonly Benchmark[] = [typing, embedded, spark, generator, promote, settle, start, setup];
