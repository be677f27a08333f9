/** One output of ffmpeg's tee muxer: a muxer's options and where it writes. */
export interface TeeOutput {
  readonly options: Readonly<Record<string, string | number>>;
  readonly url: string;
}

/** The argument that makes ffmpeg's tee muxer write every packet of one encode to several outputs. */
export function teeArgument(outputs: readonly TeeOutput[]): string {
  return outputs
    .map(({ options, url }) => {
      const pairs = Object.entries(options).map(([name, value]) => `${name}=${escaped(String(value), /[\\':\]]/g)}`);
      return `[${pairs.join(":")}]${url}`;
    })
    .map((output) => escaped(output, /[\\'|]/g))
    .join("|");
}

const escaped = (text: string, special: RegExp): string => text.replace(special, "\\$&");
