"""Makes drift-reference.json: drift metrics by scipy, with the bins of Azure ML's monitoring components. Run: python3 drift-reference.py > drift-reference.json"""
import json, numpy as np, math
from scipy.spatial import distance
from scipy.stats import ks_2samp, wasserstein_distance, chisquare
rng=np.random.default_rng(20261127)
def edges(b,p):
    n=math.ceil(math.log2(min(len(b),len(p)))+1)
    lo=min(min(b),min(p)); hi=max(max(b),max(p))
    if lo==hi:
        d=0.005 if lo==0 else abs(lo*0.005); return [lo-d,lo+d]
    w=(hi-lo)/n
    return [lo+i*w for i in range(n+1)]
def num(b,p):
    e=edges(b,p)
    hb,_=np.histogram(b,e); hp,_=np.histogram(p,e)
    k=len(hb)
    bb=(hb+1)/(len(b)+k); pp=(hp+1)/(len(p)+k)
    sd=np.std(b,ddof=1) if len(b)>1 else 0
    return {"JensenShannonDistance":float(distance.jensenshannon(hb,hp,base=2)),"PopulationStabilityIndex":float(np.sum((pp-bb)*np.log(pp/bb))),
      "NormalizedWassersteinDistance":float(wasserstein_distance(b,p)/max(sd,0.001)),"TwoSampleKolmogorovSmirnovTest":float(ks_2samp(b,p).pvalue)}
def cat(b,p):
    names=sorted(set(b)|set(p)); hb=np.array([b.count(x) for x in names]); hp=np.array([p.count(x) for x in names]); k=len(names)
    bb=(hb+1)/(len(b)+k); pp=(hp+1)/(len(p)+k)
    with np.errstate(divide='ignore'):
        chi=float(chisquare(hp,hb/len(b)*len(p)).pvalue) if k>1 else 1.0
    return {"JensenShannonDistance":float(distance.jensenshannon(hb,hp,base=2)),"PopulationStabilityIndex":float(np.sum((pp-bb)*np.log(pp/bb))),"PearsonsChiSquaredTest":chi}
def r(a,d): return [round(float(x),d) for x in a]
sets=[]
def addn(name,b,p): sets.append({"name":name,"kind":"numerical","reference":b,"production":p,"expected":num(b,p)})
def addc(name,b,p): sets.append({"name":name,"kind":"categorical","reference":b,"production":p,"expected":cat(b,p)})
addn("normal samples with a shift",r(rng.normal(0,1,120),4),r(rng.normal(0.6,1.2,90),4))
addn("the same distribution, unequal sizes",r(rng.normal(10,3,150),3),r(rng.normal(10,3,37),3))
addn("whole numbers with many ties",[int(x) for x in rng.poisson(3,140)],[int(x) for x in rng.poisson(4,100)])
addn("a long tail",r(rng.lognormal(0,1,100),5),r(rng.lognormal(0.3,1.4,100),5))
addn("no overlap at all",r(rng.uniform(0,1,40),4),r(rng.uniform(5,6,30),4))
addn("one value only",[7.0]*25,[7.0]*20)
c=["red","green","blue","grey"]
addc("four categories",[str(x) for x in rng.choice(c,200,p=[.4,.3,.2,.1])],[str(x) for x in rng.choice(c,160,p=[.25,.25,.25,.25])])
addc("a category that is gone",["a"]*30+["b"]*20+["c"]*5,["a"]*25+["b"]*10)
addc("a category that is new",["a"]*30+["b"]*20,["a"]*25+["b"]*10+["c"]*3)
print(json.dumps({"made":"scipy %s, numpy %s: test/local/azure/signals/drift-reference.py"%(__import__('scipy').__version__,np.__version__),"sets":sets}))
