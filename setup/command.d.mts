export declare class SetupError extends Error {}
