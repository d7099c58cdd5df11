import { AvocadoError } from '../error';
import { connect } from './docker/connect';
import { findEndpoint } from './docker/endpoint';
import { dockerFailure } from './docker/failure';

/** How long a daemon may take to answer, in ms; one of another machine is asked over the network. */
const patience = 5_000;

/** Asks the Docker daemon whether it is there: undefined where it answers, else why this user cannot use it. */
export async function probeDocker(): Promise<AvocadoError | undefined> {
  try {
    const endpoint = findEndpoint();
    const { docker } = connect(endpoint);
    // The types know no options of it.
    const ping = docker.ping.bind(docker) as (options: { abortSignal: AbortSignal }) => Promise<unknown>;
    await ping({ abortSignal: AbortSignal.timeout(patience) }).catch((error: unknown) => {
      throw dockerFailure(error, endpoint, 'answer');
    });
    return undefined;
  } catch (error) {
    if (error instanceof AvocadoError) return error;
    throw error;
  }
}
