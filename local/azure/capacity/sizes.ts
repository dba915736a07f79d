// Sizes of virtual machines that the region has, as its list shows them (docs/facts/recorded-operations.md#6.3); a small part of the real one.

export interface Size {
  readonly name: string;
  readonly family: string;
  readonly vCPUs: number;
  readonly gpus: number;
  readonly memoryGB: number;
  readonly maxResourceVolumeMB: number;
  readonly premiumIO: boolean;
  readonly supportedComputeTypes: readonly string[];
  /** Dollars an hour, in the order of the recording; absent: none is told. */
  readonly prices?: readonly Price[];
}

interface Price {
  readonly retailPrice: number;
  readonly osType: "Linux" | "Windows";
  readonly vmTier: "Standard" | "LowPriority";
}

const price = (retailPrice: number, osType: Price["osType"], vmTier: Price["vmTier"]): Price => ({
  retailPrice,
  osType,
  vmTier,
});

/** As recorded of Standard_D16ads_v5: two of the prices that are called Linux are those of Windows (docs/facts/recorded-operations.md#6.3). */
const recordedPrices: readonly Price[] = [
  price(1.56, "Windows", "Standard"),
  price(0.62, "Linux", "LowPriority"),
  price(0.16, "Linux", "LowPriority"),
  price(0.82, "Linux", "Standard"),
  price(0.62, "Windows", "LowPriority"),
  price(1.56, "Linux", "Standard"),
];

const ANYWHERE = ["AmlCompute", "ComputeInstance", "MIR"];
const TRAINING = ["AmlCompute", "ComputeInstance"];

/** Cores, memory and disks as Microsoft's pages of sizes have them; the three with a mark are rows of a recording. */
export const sizes: readonly Size[] = [
  // Recorded.
  size("Standard_A1_v2", "standardAv2Family", 1, 0, 2, 10_240, false, TRAINING),
  size("Standard_DS2_v2", "standardDSv2Family", 2, 0, 7, 14_336, true, ANYWHERE),
  size("Standard_DS3_v2", "standardDSv2Family", 4, 0, 14, 28_672, true, ANYWHERE),
  size("Standard_DS4_v2", "standardDSv2Family", 8, 0, 28, 57_344, true, ANYWHERE),
  // Recorded, with these prices.
  size("Standard_D16ads_v5", "standardDADSv5Family", 16, 0, 64, 614_400, true, ANYWHERE, recordedPrices),
  size("Standard_E4s_v3", "standardESv3Family", 4, 0, 32, 65_536, true, ANYWHERE),
  size("Standard_E8s_v3", "standardESv3Family", 8, 0, 64, 131_072, true, ANYWHERE),
  size("Standard_F2s_v2", "standardFSv2Family", 2, 0, 4, 16_384, true, ANYWHERE),
  size("Standard_F4s_v2", "standardFSv2Family", 4, 0, 8, 32_768, true, ANYWHERE),
  size("Standard_NC6s_v3", "standardNCSv3Family", 6, 1, 112, 753_664, true, ANYWHERE),
  // Recorded; not for training.
  size("Standard_NV6ads_A10_v5", "StandardNVADSA10v5Family", 6, 1, 55, 184_320, true, ["MIR"]),
];

function size(
  name: string,
  family: string,
  vCPUs: number,
  gpus: number,
  memoryGB: number,
  maxResourceVolumeMB: number,
  premiumIO: boolean,
  supportedComputeTypes: readonly string[],
  prices?: readonly Price[],
): Size {
  const told = { name, family, vCPUs, gpus, memoryGB, maxResourceVolumeMB, premiumIO, supportedComputeTypes };
  return prices === undefined ? told : { ...told, prices };
}

/** The size of this name, in any case. */
export function sizeNamed(name: unknown): Size | undefined {
  return sizes.find((one) => one.name.toLowerCase() === String(name).toLowerCase());
}

/** A row of the list. `generation` and `supportsIB` are in the recording at 2024-04-01. */
export function sizeBody({ prices, ...size }: Size): object {
  return {
    name: size.name,
    family: size.family,
    vCPUs: size.vCPUs,
    gpus: size.gpus,
    osVhdSizeMB: 1_047_552,
    maxResourceVolumeMB: size.maxResourceVolumeMB,
    memoryGB: size.memoryGB,
    lowPriorityCapable: size.supportedComputeTypes.includes("AmlCompute"),
    premiumIO: size.premiumIO,
    ...(prices === undefined
      ? {}
      : {
          estimatedVMPrices: {
            billingCurrency: "USD",
            unitOfMeasure: "OneHour",
            values: prices,
          },
        }),
    supportedComputeTypes: size.supportedComputeTypes,
    generation: "gen1",
    supportsIB: false,
  };
}
