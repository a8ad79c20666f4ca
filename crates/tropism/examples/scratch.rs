use tropism::data::*; use tropism::losses::*; use tropism::models::*; use tropism::optimizers::*; use tropism::training::*; use tropism::numerics::*;
fn load(name:&str, classes:Option<(&str,&str)>, bias:bool)->Dataset{
  let text=std::fs::read_to_string(format!("/work/wt/data/crates/tropism/src/data/bundled/{name}.csv")).unwrap();
  let mut rows=vec![];let mut y=vec![];
  for l in text.lines().skip(1){ let c:Vec<&str>=l.split(',').collect(); let (lab,x)=c.split_last().unwrap();
    let s= match classes {Some((a,b))=> if *lab==a {-1.0} else if *lab==b {1.0} else {continue}, None=>{unreachable!()}};
    y.push(s); rows.push(x.iter().map(|v|v.parse::<f64>().unwrap()).collect::<Vec<_>>()); }
  let d=rows[0].len(); let n=rows.len();
  for j in 0..d { let m=rows.iter().map(|r|r[j]).sum::<f64>()/n as f64; let v=(rows.iter().map(|r|(r[j]-m).powi(2)).sum::<f64>()/n as f64).sqrt(); for r in rows.iter_mut(){ r[j]= if name=="digits" {r[j]/16.0} else if v>0.0 {(r[j]-m)/v} else {0.0}; } }
  if bias { for r in rows.iter_mut(){r.push(1.0);} }
  Dataset::binary(name, Matrix::from_rows(&rows), y)
}
fn main(){
  for (name,cl,bias) in [("breast_cancer",("malignant","benign"),true),("breast_cancer",("malignant","benign"),false),("digits",("3","8"),false),("iris",("versicolor","virginica"),true)] {
    let data=load(name,Some(cl),bias);
    let loss=LossSpec::logistic(Default::default()).build().unwrap();
    let model=ModelSpec::linear(Default::default()).build(data.d(),1).unwrap();
    let s=linalg::spectral_norm(&data.x);
    let c=Curvature{smoothness:0.25*s*s/data.n() as f64,samples:data.n(),outputs:1,log_loss:(2f64).ln().ln(),at_infinity:true};
    let built=OptimizerSpec::gradient_descent(Default::default()).build(&c).unwrap();
    let theta0=vec![0.0;data.d()];
    let job=tropism::training::Job{data:&data,model:&*model,loss:&*loss,built:&built,log_weight:-(data.n() as f64).ln(),theta0:&theta0,horizon:Horizon{log_time:Some(1e5*10f64.ln()),steps:None,exact_steps:1000},seed:0};
    let t=std::time::Instant::now();
    let tr=run(&job,&mut Silent);
    println!("{name} bias={bias} n={} d={} {:?} flow {} rej {} bound {:?} in {:?}",data.n(),data.d(),tr.ended,tr.flow_steps,tr.flow_rejected,tr.continuation_bound,t.elapsed());
    for p in &tr.phases{println!("  {p}");}
    let m=data.margins().unwrap();
    let k=tr.snapshots.len();
    for (i,sn) in tr.snapshots.iter().enumerate(){ if i%(k/12).max(1)==0||i+1==k { let nn=linalg::norm2(&sn.theta); println!("   {:?} log10t {:.4} logL {:.6} norm {:.6} margin {:.8}",sn.phase,sn.log_time/10f64.ln(),sn.log_loss,nn,m.min_margin(&sn.theta)/nn);} }
  }
}
