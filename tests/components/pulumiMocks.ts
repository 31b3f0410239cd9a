/** The program on mocks, strict: whatever the mocks don't know fails the test. */
export * from "../../review/plan/snapshot/mocks.ts";
