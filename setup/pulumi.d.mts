export declare function findPulumi(): string | undefined;
