export interface SparkSettings {
  readonly endpoint: string;
  readonly region: string;
  readonly directory: string;
  readonly jars: readonly string[];
  readonly driverMemory: string;
  /** For runs of a few seconds: the compiler's second tier would take half of the time. */
  readonly shortRuns: boolean;
}

const schemes = ["s3", "s3a"] as const;

/**
 * The text of spark-defaults.conf with which a local Spark reads and writes like the job in AWS. Encryption is the
 * bucket's default, because the SDK under S3A refuses to send a key name over plain http.
 */
export function sparkDefaults(settings: SparkSettings): string {
  const { endpoint, region, directory, jars, driverMemory, shortRuns } = settings;
  const properties: Record<string, string> = {
    "spark.master": "local[*]",
    "spark.driver.memory": driverMemory,
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.extraClassPath": jars.join(":"),
    "spark.driver.extraJavaOptions": [
      `-Djava.io.tmpdir=${directory}/tmp`,
      "-XX:+UseParallelGC",
      ...(shortRuns ? ["-XX:TieredStopAtLevel=1"] : []),
    ].join(" "),
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.local.dir": `${directory}/tmp`,
    "spark.sql.warehouse.dir": `${directory}/tmp/warehouse`,
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.sources.commitProtocolClass": "org.apache.spark.internal.io.cloud.PathOutputCommitProtocol",
    "spark.sql.parquet.output.committer.class": "org.apache.spark.internal.io.cloud.BindingParquetOutputCommitter",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
    "spark.hadoop.hadoop.tmp.dir": `${directory}/tmp`,
    "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
    "spark.hadoop.fs.AbstractFileSystem.s3.impl": "org.apache.hadoop.fs.s3a.S3A",
    "spark.hadoop.fs.s3a.endpoint": endpoint,
    "spark.hadoop.fs.s3a.endpoint.region": region,
    "spark.hadoop.fs.s3a.path.style.access": "true",
    "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
    "spark.hadoop.fs.s3a.aws.credentials.provider": "com.amazonaws.auth.EnvironmentVariableCredentialsProvider",
    "spark.hadoop.fs.s3a.committer.name": "magic",
    "spark.hadoop.fs.s3a.committer.magic.enabled": "true",
  };
  for (const scheme of schemes)
    properties[`spark.hadoop.mapreduce.outputcommitter.factory.scheme.${scheme}`] =
      "org.apache.hadoop.fs.s3a.commit.S3ACommitterFactory";
  return Object.entries(properties)
    .map(([name, value]) => `${name} ${value}\n`)
    .join("");
}

/** Spark logs only warnings, on stderr, so the log shows mainly the job's own output. */
export const log4j = `rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex
logger.nativecode.name = org.apache.hadoop.util.NativeCodeLoader
logger.nativecode.level = error
logger.metrics.name = org.apache.hadoop.metrics2
logger.metrics.level = error
`;
