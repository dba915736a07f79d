// Pictures that the jobs logged, confusion matrices first. Their bytes were looked at before: they are PNG or JPEG.
import { Section } from "./basics.tsx";

export interface Shown {
  readonly address: string;
  readonly path: string;
  /** The job that logged it, or the step where the job is not known. */
  readonly job: string;
}

const isConfusion = ({ path }: Shown): boolean => /confusion/i.test(path);

export function Images({ images }: { images: readonly Shown[] }) {
  if (images.length === 0) return null;
  const sorted = [...images].sort((one, other) => Number(isConfusion(other)) - Number(isConfusion(one)));
  return (
    <Section id="images" title="Pictures">
      <div class="pictures">
        {sorted.map((image) => (
          <figure key={image.address}>
            <img src={image.address} alt={`${image.path}, logged by ${image.job}`} loading="lazy" />
            <figcaption>
              <code>{image.path}</code> of {image.job}
            </figcaption>
          </figure>
        ))}
      </div>
    </Section>
  );
}
