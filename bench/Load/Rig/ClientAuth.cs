namespace Freshet.Bench.Load.Rig;

/// <summary>How clients prove who they are, the same for every pooler of a run.</summary>
internal enum ClientAuth
{
    Trust,
    Scram,
}
